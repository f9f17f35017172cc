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
  const visibleHeight = state.scroller.clientHeight;
  const {context, width} = prepareCanvas(canvas, state.width, visibleHeight);
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
  drawNames(area, row, box);
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

// Of a row with more in sight, no single ones are drawn.
function mostSpans(area) {
  return (area.width - area.left) / 4;
}

function drawSpans(area, row, box) {
  const {first, last} = inSight(area.state, row);
  if (first >= last || row.slot < 0) return;
  if (last - first > mostSpans(area)) drawBusyPixels(area, first, last, box);
  else drawEach(area, first, last, box);
}

// What of the time before t lies in spans, by the sums before each element. Goes on from the element `at`
// of an earlier moment: those of two pixels are near each other.
function sumUntil(model, t, at, last) {
  let step = 1;
  while (at + step < last && model.start[at + step] <= t) step *= 2;
  const i = upperBound(model.start, t, at, Math.min(at + step, last)) - 1;
  if (i < at) return {busy: model.busy[at], runs: model.runs[at], at};
  const runs = runStart(model, i);
  const run = Math.min(Math.max(t, runs), runEnd(model, i)) - runs;
  return {busy: model.busy[i] + Math.min(t, model.end[i]) - model.start[i], runs: model.runs[i] + run, at: i};
}

function drawBusyPixels(area, first, last, box) {
  const {context, state, left, width, colors} = area;
  const {view, model} = state;
  const step = view.span / (width - left);
  const busyColumns = new Columns(left, box);
  const runColumns = new Columns(left, box);
  let before = sumUntil(model, view.from, first, last);
  for (let x = 0; x < width - left; ++x) {
    const sum = sumUntil(model, view.from + (x + 1) * step, before.at, last);
    busyColumns.add((sum.busy - before.busy) / step);
    runColumns.add((sum.runs - before.runs) / step);
    before = sum;
  }
  context.fillStyle = colors.encoding;
  context.fill(busyColumns.end());
  context.fillStyle = colors.running;
  context.fill(runColumns.end());
}

// A column for each pixel, from the left. Columns in a row that are as high are one rectangle: most are.
class Columns {
  constructor(left, box) {
    Object.assign(this, {box, x: left, begin: left, height: 0, path: new Path2D()});
  }
  // A little of something is one pixel, not nothing.
  add(part) {
    const height = part <= 0 ? 0 : Math.max(1, Math.round(Math.min(part, 1) * this.box.height));
    if (height !== this.height) this.end();
    this.height = height;
    ++this.x;
  }
  end() {
    if (this.height > 0) this.path.rect(this.begin, this.box.y + this.box.height - this.height, this.x - this.begin, this.height);
    this.begin = this.x;
    return this.path;
  }
}

// One phase after the other: to change the colour costs more than a rectangle.
function drawEach(area, first, last, box) {
  const {context, state, colors} = area;
  const {model} = state;
  context.fillStyle = colors.running;
  for (let i = first; i < last; ++i) drawSpan(area, runStart(model, i), runEnd(model, i), box);
  context.fillStyle = colors.decoding;
  for (let i = first; i < last; ++i) drawSpan(area, model.start[i], runStart(model, i), box);
  context.fillStyle = colors.encoding;
  for (let i = first; i < last; ++i) drawSpan(area, runEnd(model, i), model.end[i], box);
}

// Spans that are wide enough get a gap, so that two are not taken for one.
function drawSpan(area, from, to, box) {
  if (to <= from) return;
  const x = Math.max(xOf(area.state, from, area.width), area.left - 1);
  const width = Math.min(xOf(area.state, to, area.width), area.width + 1) - x;
  if (width > 0) area.context.fillRect(x, box.y, width > 4 ? width - 1 : Math.max(width, 0.5), box.height);
}

// Which element it is, where there is room. Failed ones have stripes, so their texts have a rim.
function drawNames(area, row, box) {
  const {context, state, left, width, colors} = area;
  const {model} = state;
  const {first, last} = inSight(state, row);
  if (box.height < 11 || last - first > mostSpans(area) || row.slot < 0) return;
  context.font = colors.smallFont;
  context.textBaseline = 'middle';
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = colors.panel;
  for (let i = first; i < last; ++i) {
    const x = Math.max(xOf(state, runStart(model, i), width), left) + 4;
    const room = Math.min(xOf(state, runEnd(model, i), width), width) - x - 4;
    if (room < 16) continue;
    const text = fitText(context, [formatCount(model.elements.index[i]) + '  ' + functionOf(model, i),
      formatCount(model.elements.index[i])], room);
    const failed = model.elements.outcome[i] !== 0;
    context.fillStyle = failed ? colors.text : colors['on-running'];
    if (failed) context.strokeText(text, x, box.y + box.height / 2 + 0.5);
    context.fillText(text, x, box.y + box.height / 2 + 0.5);
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
  const begin = firstFailure(model, row, view.from);
  // Where there are many, their lines do not hide the spans, and signs stand further apart.
  const dense = (firstFailure(model, row, view.to) - begin) * 12 > width - left;
  const lineTop = dense ? box.y - 2 : top + 2;
  const lineBottom = dense ? box.y + 4 : box.y + box.height;
  const distance = dense ? 3 * size : size + 1;
  for (let n = begin; n < row.failures.length; ++n) {
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
    else context.fillRect(Math.max(right - 2, left), lineTop, 2, lineBottom - lineTop);
    if (right < lastSign[kind] + distance && !wide) continue;
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
