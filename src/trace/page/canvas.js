// What all drawings need: sizes, colours, an axis of time.

// Of style.css, for the scheme that holds now.
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const colors = {};
  for (const name of ['ground', 'panel', 'text', 'soft', 'line', 'idle', 'absent', 'starting', 'running', 'decoding',
    'encoding', 'failure', 'cancelled', 'mark', 'pin', 'on-running']) {
    colors[name] = style.getPropertyValue('--' + name).trim();
  }
  colors.font = '12px ' + style.getPropertyValue('--font').trim();
  colors.smallFont = '11px ' + style.getPropertyValue('--font').trim();
  return colors;
}

function colorOf(colors, outcome) {
  return outcomes[outcome] === 'cancelled' ? colors.cancelled : colors.failure;
}

// Gives the canvas the pixels of its size on the screen; a context whose unit is that of CSS. To set
// a canvas's size costs more than to clear it.
function prepareCanvas(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const pixels = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
    [canvas.width, canvas.height] = pixels;
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
  }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return {context, width, height};
}

// Distances between ticks: 1, 2, 5, 10 …, and from a minute on such as clocks have.
function tickDistance(least) {
  for (const distance of [60e9, 120e9, 300e9, 600e9, 1800e9, 3600e9]) {
    if (least > 50e9 && distance >= least) return distance;
  }
  const power = Math.pow(10, Math.floor(Math.log10(Math.max(least, 1))));
  return power * [1, 2, 5, 10].find((step) => step * power >= least);
}

// Calls f(time, x) for each tick in the part that is shown.
function forEachTick(view, left, width, f) {
  const distance = tickDistance(view.span * 110 / Math.max(width, 1));
  for (let n = Math.ceil(view.from / distance); n * distance <= view.to; ++n) {
    f(n * distance, left + (n * distance - view.from) / view.span * width, distance);
  }
}

function drawRuler(canvas, state) {
  const {colors, view, left, width} = state;
  const {context, height} = prepareCanvas(canvas, width, 22);
  context.font = colors.smallFont;
  context.textBaseline = 'middle';
  forEachTick(view, left, width - left, (time, x, distance) => {
    context.fillStyle = colors.line;
    context.fillRect(Math.round(x), height - 6, 1, 6);
    context.fillStyle = colors.soft;
    const label = formatMoment(time, distance);
    if (x + 4 + context.measureText(label).width < width) context.fillText(label, x + 4, height / 2);
  });
  for (const mark of state.model.poolMarks) {
    const x = xOf(state, mark.time, width);
    if (x >= left && x <= width) drawSign(context, signOfMark[mark.kind], x, height - 6, 8, colors.mark, colors.panel);
  }
}

function xOf(state, time, width) {
  return state.left + (time - state.view.from) / state.view.span * (width - state.left);
}
function timeAt(state, x, width) {
  return state.view.from + (x - state.left) / Math.max(width - state.left, 1) * state.view.span;
}
