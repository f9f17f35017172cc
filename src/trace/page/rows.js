// The rows of the timeline. Where a row has more elements in sight than can be told apart, a pixel shows
// how much of its time was busy; the cost depends on pixels then, not on elements.

function rowHeight(model) {
  const room = Math.max(200, window.innerHeight * 0.5);
  return Math.round(Math.min(34, Math.max(18, room / Math.max(model.rows.length, 1))));
}

// Where in a row spans lie: below the strip of the signs.
function spanBox(top, height) {
  const strip = height >= 26 ? 10 : 6;
  return {y: top + strip, height: height - strip - 3};
}

function drawRows(canvas, state) {
  const {model} = state;
  const height = state.rowHeight;
  const visibleHeight = Math.min(model.rows.length * height, state.scroller.clientHeight || 1e4);
  const {context, width} = prepareCanvas(canvas, Math.max(visibleHeight, 1));
  const area = {context, width, state, left: state.left, colors: state.colors};
  const scroll = state.scroller.scrollTop;
  const first = Math.floor(scroll / height);
  const last = Math.min(model.rows.length, Math.ceil((scroll + visibleHeight) / height));
  for (let r = first; r < last; ++r) drawRow(area, model.rows[r], r * height - scroll, height);
  drawSelection(area, visibleHeight);
}

function drawRow(area, row, top, height) {
  const {context, state, left, width} = area;
  const box = spanBox(top, height);
  context.save();
  context.beginPath();
  context.rect(left, top, width - left, height);
  context.clip();
  drawLifetimes(area, row, box);
  drawSpans(area, row, box);
  drawFailures(area, row, top, box);
  drawMarks(area, row, box);
  if (state.pinned >= 0) drawPinned(area, row, top, box);
  context.restore();
  drawLabel(area, row, top, height);
}

function drawLabel(area, row, top, height) {
  const {context, state, left, colors} = area;
  context.textBaseline = 'middle';
  context.font = colors.font;
  context.fillStyle = colors.text;
  const wide = left > 80;
  context.fillText(row.slot < 0 ? (wide ? 'no worker' : '–') : (wide ? 'slot ' : '') + row.slot, 2, top + height / 2 + 3);
  if (row.slot < 0) return;
  context.font = colors.smallFont;
  context.fillStyle = colors.soft;
  context.textAlign = 'right';
  context.fillText(formatPercent(slotUtilization(state.model, row)), left - 8, top + height / 2 + 3);
  context.textAlign = 'left';
}

// The ground: no process, one that starts, one that is ready.
function drawLifetimes(area, row, box) {
  const {context, state, colors, left, width} = area;
  const ground = row.slot < 0 ? colors.ground : colors.absent;
  context.fillStyle = ground;
  context.fillRect(left, box.y, width - left, box.height);
  for (const worker of row.workers) {
    const asked = worker.asked >= 0 ? worker.asked : Math.max(worker.started, 0);
    const ready = worker.ready >= 0 ? worker.ready : Math.max(worker.started, 0);
    const ended = worker.ended >= 0 ? worker.ended : state.model.length;
    fillTime(area, asked, ready, box, colors.starting);
    fillTime(area, ready, ended, box, colors.idle);
  }
}

function fillTime(area, from, to, box, color) {
  const x = Math.max(xOf(area.state, from, area.width), area.left);
  const right = Math.min(xOf(area.state, to, area.width), area.width);
  if (right <= x) return;
  area.context.fillStyle = color;
  area.context.fillRect(x, box.y, right - x, box.height);
}

// Those of the row's elements that touch the time that is shown.
function inSight(state, row) {
  const {model, view} = state;
  const first = upperBound(model.end, view.from, row.first, row.last);
  return {first, last: upperBound(model.start, view.to, first, row.last)};
}

function drawSpans(area, row, box) {
  const {first, last} = inSight(area.state, row);
  if (first >= last || row.slot < 0) return;
  if (last - first > (area.width - area.left) / 2) drawBusyPixels(area, first, last, box);
  else drawEach(area, first, last, box);
}

// What of the time before t lies in spans, by the sums before each element.
function sumUntil(model, t, first, last) {
  const i = upperBound(model.start, t, first, last) - 1;
  if (i < first) return {busy: model.busy[first], runs: model.runs[first], at: first};
  const run = Math.min(Math.max(t, runStart(model, i)), runEnd(model, i)) - runStart(model, i);
  return {busy: model.busy[i] + Math.min(t, model.end[i]) - model.start[i], runs: model.runs[i] + run, at: i};
}

function drawBusyPixels(area, first, last, box) {
  const {context, state, left, width, colors} = area;
  const {view, model} = state;
  const step = view.span / (width - left);
  const busyPath = new Path2D();
  const runPath = new Path2D();
  let before = sumUntil(model, view.from, first, last);
  for (let x = 0; x < width - left; ++x) {
    const sum = sumUntil(model, view.from + (x + 1) * step, before.at, last);
    addColumn(busyPath, left + x, box, (sum.busy - before.busy) / step);
    addColumn(runPath, left + x, box, (sum.runs - before.runs) / step);
    before = sum;
  }
  context.fillStyle = colors.encoding;
  context.fill(busyPath);
  context.fillStyle = colors.running;
  context.fill(runPath);
}

// A little of something is one pixel, not nothing.
function addColumn(path, x, box, part) {
  if (part <= 0) return;
  const height = Math.max(1, Math.round(Math.min(part, 1) * box.height));
  path.rect(x, box.y + box.height - height, 1, height);
}

function drawEach(area, first, last, box) {
  const {context, state, colors} = area;
  const {model} = state;
  const paths = {decoding: new Path2D(), running: new Path2D(), encoding: new Path2D()};
  for (let i = first; i < last; ++i) {
    const run = runStart(model, i);
    const runEnds = runEnd(model, i);
    addSpan(area, paths.decoding, model.start[i], run, box);
    addSpan(area, paths.running, run, runEnds, box);
    addSpan(area, paths.encoding, runEnds, model.end[i], box);
  }
  for (const phase of Object.keys(paths)) {
    context.fillStyle = colors[phase];
    context.fill(paths[phase]);
  }
  drawNames(area, first, last, box);
}

// Spans that are wide enough get a gap, so that two are not taken for one.
function addSpan(area, path, from, to, box) {
  if (to <= from) return;
  const x = Math.max(xOf(area.state, from, area.width), area.left - 1);
  const right = Math.min(xOf(area.state, to, area.width), area.width + 1);
  const width = right - x;
  if (width > 0) path.rect(x, box.y, width > 4 ? width - 1 : Math.max(width, 0.5), box.height);
}

function drawNames(area, first, last, box) {
  const {context, state, left, width, colors} = area;
  const {model} = state;
  if (box.height < 11) return;
  context.font = colors.smallFont;
  context.textBaseline = 'middle';
  context.fillStyle = colors['on-running'];
  for (let i = first; i < last; ++i) {
    const x = Math.max(xOf(state, runStart(model, i), width), left) + 4;
    const room = Math.min(xOf(state, runEnd(model, i), width), width) - x - 4;
    if (room < 24) continue;
    const text = fitText(context, [formatCount(model.elements.index[i]) + '  ' + functionOf(model, i),
      formatCount(model.elements.index[i])], room);
    if (text !== '') context.fillText(text, x, box.y + box.height / 2 + 0.5);
  }
}

// The first that fits, or what fits of the first; nothing rather than half a number.
function fitText(context, texts, room) {
  const found = texts.find((text) => context.measureText(text).width <= room);
  return found === undefined ? '' : found;
}

// On top of all else, and never narrower than can be seen. Of those that share a pixel and a kind one is drawn.
function drawFailures(area, row, top, box) {
  const {context, state, colors, left, width} = area;
  const {model, view} = state;
  const lastX = outcomes.map(() => -100);
  const lastSign = outcomes.map(() => -100);
  const size = box.y - top >= 10 ? 10 : 8;
  for (let n = firstFailure(model, row, view.from); n < row.failures.length; ++n) {
    const i = row.failures[n];
    if (model.start[i] > view.to) break;
    const kind = model.elements.outcome[i];
    const x = Math.max(xOf(state, model.start[i], width), left - 3);
    const right = Math.min(xOf(state, model.end[i], width), width + 3);
    if (right < lastX[kind] + 1) continue;
    lastX[kind] = right;
    context.fillStyle = colorOf(colors, kind);
    const wide = right - x >= 6;
    if (wide) hatch(context, x, right, box);
    else context.fillRect(Math.max(right - 2, left), top + 2, 2, box.y + box.height - top - 2);
    if (right < lastSign[kind] + size + 1 && !wide) continue;
    lastSign[kind] = right;
    drawSign(context, signOfOutcome[kind], wide ? Math.max(x, left) + size / 2 : right - 1, top + size / 2 + 1, size,
        colorOf(colors, kind), colors.panel);
  }
}

function firstFailure(model, row, time) {
  let from = 0;
  let to = row.failures.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (model.end[row.failures[middle]] >= time) to = middle; else from = middle + 1;
  }
  return from;
}

// A failed span that is wide enough to be seen as one: stripes and a frame.
function hatch(context, x, right, box) {
  context.save();
  context.beginPath();
  context.rect(x, box.y, right - x, box.height);
  context.clip();
  context.lineWidth = 2;
  context.strokeStyle = context.fillStyle;
  context.beginPath();
  for (let at = x - box.height; at < right; at += 7) {
    context.moveTo(at, box.y + box.height);
    context.lineTo(at + box.height, box.y);
  }
  context.rect(x + 1, box.y + 1, right - x - 2, box.height - 2);
  context.stroke();
  context.restore();
}

function drawMarks(area, row, box) {
  const {context, state, colors, left, width} = area;
  const lastX = markKinds.map(() => -100);
  for (const mark of row.marks) {
    const x = xOf(state, mark.time, width);
    if (x < left - 5 || x > width + 5 || x < lastX[mark.kind] + 8) continue;
    lastX[mark.kind] = x;
    context.fillStyle = colors.mark;
    context.fillRect(x - 0.5, box.y, 1, box.height);
    drawSign(context, signOfMark[mark.kind], x, box.y + box.height - 5, 8, colors.mark, colors.panel);
  }
}

// The pinned element has a frame, and a line back to the moment from which it waited.
function drawPinned(area, row, top, box) {
  const {context, state, colors, left, width} = area;
  const i = state.pinned;
  if (i < row.first || i >= row.last) return;
  const x = xOf(state, state.model.start[i], width);
  const right = xOf(state, state.model.end[i], width);
  context.strokeStyle = colors.pin;
  context.fillStyle = colors.pin;
  if (state.model.elements.queued[i] >= 0) {
    const from = Math.max(xOf(state, state.model.elements.queued[i], width), left);
    context.fillRect(from, box.y - 2, Math.max(x - from, 0), 2);
  }
  const begin = Math.max(x, left - 4);
  context.lineWidth = 2;
  context.strokeRect(begin - 1, box.y - 1, Math.max(Math.min(right, width + 4) - begin, 2) + 2, box.height + 2);
}

// The range that a drag selects.
function drawSelection(area, height) {
  const {context, state, colors} = area;
  if (state.selection === null) return;
  const x = xOf(state, Math.min(state.selection.from, state.selection.to), area.width);
  const right = xOf(state, Math.max(state.selection.from, state.selection.to), area.width);
  context.fillStyle = colors.pin;
  context.globalAlpha = 0.2;
  context.fillRect(x, 0, right - x, height);
  context.globalAlpha = 1;
}
