// The strip over the timeline: all of the time, how many workers were busy, where failures are, and the
// part that the timeline shows.

const overviewHeight = 44;

function drawOverview(canvas, state) {
  const {colors, left, view, model, width} = state;
  const {context, height} = prepareCanvas(canvas, width, overviewHeight);
  if (state.overviewWidth !== width) {
    state.overviewBusy = busyPart(model, Math.max(1, Math.floor(width - left)));
    state.overviewTicks = failureTicks(model, width - left);
    state.overviewWidth = width;
  }
  context.fillStyle = colors.idle;
  context.fillRect(left, 0, width - left, height);
  drawBusyPart(context, state.overviewBusy, left, height, colors);
  for (const {x, outcome} of state.overviewTicks) {
    context.fillStyle = colorOf(colors, outcome);
    context.fillRect(Math.min(left + x, width - 2), 0, 2, 9);
  }
  drawWindow(context, state, left + view.from / model.length * (width - left), left + view.to / model.length * (width - left), width, height);
  context.font = colors.smallFont;
  context.textBaseline = 'middle';
  context.fillStyle = colors.soft;
  context.fillText(left > 80 ? 'busy workers' : 'busy', 2, height / 2);
}

// For each pixel, the part of the rows that is busy.
function busyPart(model, pixels) {
  const part = new Float64Array(pixels);
  const rows = model.rows.filter((row) => row.slot >= 0);
  const step = model.length / pixels;
  for (const row of rows) {
    if (row.first === row.last) continue;
    let before = sumUntil(model, 0, row.first, row.last);
    for (let x = 0; x < pixels; ++x) {
      const sum = sumUntil(model, (x + 1) * step, before.at, row.last);
      part[x] += (sum.busy - before.busy) / step / rows.length;
      before = sum;
    }
  }
  return part;
}

function drawBusyPart(context, part, left, height, colors) {
  context.fillStyle = colors.running;
  for (let x = 0; x < part.length; ++x) {
    const bar = Math.min(part[x], 1) * (height - 10);
    if (bar > 0) context.fillRect(left + x, height - bar, 1, bar);
  }
}

// One for each pixel that has a failure.
function failureTicks(model, pixels) {
  const ticks = [];
  let lastX = -1;
  for (const i of model.failures) {
    const x = Math.floor(model.end[i] / model.length * pixels);
    if (x !== lastX) ticks.push({x, outcome: model.elements.outcome[i]});
    lastX = x;
  }
  return ticks;
}

function drawWindow(context, state, from, to, width, height) {
  if (state.view.isAll()) return;
  context.fillStyle = state.colors.ground;
  context.globalAlpha = 0.65;
  context.fillRect(state.left, 0, from - state.left, height);
  context.fillRect(to, 0, width - to, height);
  context.globalAlpha = 1;
  context.strokeStyle = state.colors.pin;
  context.lineWidth = 2;
  context.strokeRect(from, 1, Math.max(to - from, 3), height - 2);
}
