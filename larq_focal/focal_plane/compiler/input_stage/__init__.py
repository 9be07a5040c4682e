"""How images get on the array: from the light on its pixels, or as planes of the controller."""
