"""What quantizers share."""
