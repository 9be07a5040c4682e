"use strict";

// Walks through recorded runs. Each step is kept as the exclusive or of old and new content, so that applying it goes
// forth from the content before, and back from the content after. A run is unpacked when it first comes into view.
const AROUND = 4; // lines of the listing before and after the step that is shown

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Stepper {
  constructor(place, stepping, data) {
    this.place = place;
    this.stepping = stepping;
    const pixels = stepping.height * stepping.width;
    const sizes = { digital: Math.ceil(pixels / 8), analog: pixels };
    let offset = 0;
    const take = (size) => data.subarray(offset, (offset += size));
    this.contents = stepping.registers.map((register) => take(sizes[register.kind]).slice());
    this.changes = stepping.steps.map((step) => step[3].map((index) => [index, take(sizes[stepping.registers[index].kind])]));
    this.at = 0;
    this.canvases = new Map();
    const used = new Set(this.changes.flat().map(([index]) => index));
    for (const [index, register] of stepping.registers.entries()) {
      if (used.has(index) || this.contents[index].some((byte) => byte !== this.contents[index][0])) this.addCanvas(index, register);
    }
    for (const index of this.canvases.keys()) this.draw(index);
  }

  addCanvas(index, register) {
    const { stepping } = this;
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    canvas.width = stepping.width;
    canvas.height = stepping.height;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `content of ${register.name}`);
    const caption = document.createElement("figcaption");
    caption.textContent = register.name;
    figure.append(canvas, caption);
    this.place.querySelector(".planes").append(figure);
    this.canvases.set(index, canvas);
  }

  draw(index) {
    const { stepping } = this;
    const canvas = this.canvases.get(index);
    if (!canvas) return;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(stepping.width, stepping.height);
    const content = this.contents[index];
    const isDigital = stepping.registers[index].kind === "digital";
    for (let pixel = 0; pixel < stepping.height * stepping.width; pixel++) {
      const bit = (content[pixel >> 3] >> (7 - (pixel & 7))) & 1;
      const grey = isDigital ? 255 * bit : ((content[pixel] << 24) >> 24) + 128;
      image.data.set([grey, grey, grey, 255], 4 * pixel);
    }
    context.putImageData(image, 0, 0);
  }

  go(target) {
    target = Math.min(Math.max(target, 0), this.stepping.steps.length);
    const touched = new Set();
    while (this.at !== target) {
      const isForth = this.at < target;
      for (const [index, difference] of this.changes[isForth ? this.at : this.at - 1]) {
        for (let i = 0; i < difference.length; i++) this.contents[index][i] ^= difference[i];
        touched.add(index);
      }
      this.at += isForth ? 1 : -1;
    }
    for (const index of touched) this.draw(index);
    this.show();
  }

  show() {
    const { place, stepping } = this;
    const changed = new Set(this.at ? stepping.steps[this.at - 1][3] : []);
    for (const [index, canvas] of this.canvases) canvas.parentElement.classList.toggle("changed", changed.has(index));
    let words = 0;
    for (const step of stepping.steps.slice(0, this.at)) words += step[2];
    place.querySelector("input").value = this.at;
    place.querySelector("output").textContent = `${this.at} of ${stepping.steps.length} steps, ${words} words`;
    const first = Math.max(0, Math.min(this.at - 1 - AROUND, stepping.steps.length - 2 * AROUND - 1));
    const lines = stepping.steps.slice(first, first + 2 * AROUND + 1).map((step, i) => {
      const line = document.createElement("li");
      line.value = first + i + 1;
      line.classList.toggle("here", first + i === this.at - 1);
      line.textContent = `${stepping.texts[step[1]]}  `;
      const kernel = document.createElement("small");
      kernel.textContent = stepping.texts[step[0]] || "controller";
      line.append(kernel);
      return line;
    });
    place.querySelector(".listing").replaceChildren(...lines);
  }

  nextKernel() {
    const { stepping } = this;
    const here = this.at ? stepping.steps[this.at - 1][0] : -1;
    let next = this.at;
    while (next < stepping.steps.length && stepping.steps[next][0] === here) next++;
    this.go(next + 1);
  }
}

function connect(stepper) {
  const button = (name) => stepper.place.querySelector(`[data-step=${name}]`);
  let playing = null;
  const stop = () => {
    clearInterval(playing);
    playing = null;
    button("play").textContent = "Play";
  };
  const actions = {
    first: () => stepper.go(0),
    back: () => stepper.go(stepper.at - 1),
    on: () => stepper.go(stepper.at + 1),
    kernel: () => stepper.nextKernel(),
  };
  for (const [name, action] of Object.entries(actions)) {
    button(name).addEventListener("click", () => {
      stop();
      action();
    });
  }
  button("play").addEventListener("click", () => {
    if (playing) return stop();
    button("play").textContent = "Pause";
    playing = setInterval(() => {
      stepper.go(stepper.at + 1);
      if (stepper.at === stepper.stepping.steps.length) stop();
    }, 120);
  });
  stepper.place.querySelector("input").addEventListener("input", (event) => {
    stop();
    stepper.go(Number(event.target.value));
  });
}

async function start(place) {
  const stepping = JSON.parse(document.getElementById(place.dataset.stepping).textContent);
  stepping.steps = JSON.parse(new TextDecoder().decode(await inflated(stepping.steps)));
  const stepper = new Stepper(place, stepping, await inflated(stepping.data));
  connect(stepper);
  stepper.show();
  place.removeAttribute("aria-busy");
}

const waiting = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    waiting.unobserve(target);
    start(target);
  }
});
for (const place of document.querySelectorAll("[data-stepping]")) waiting.observe(place);
