// What is drawn, from the data: a row for each slot, and in it the spans of its elements, one behind
// the other.

const outcomes = ['value', 'exception', 'worker lost', 'timeout', 'cancelled', 'error'];
const markKinds = ['death', 'restart', 'revocation', 'timeout', 'cancel', 'log', 'other'];
const lastOutcome = outcomes.length - 1;
const lastMarkKind = markKinds.length - 1;

// Fills start and end of each element of a row. A worker has one element at a time, so where a time is
// not known, that of its neighbour bounds it.
function placeSpans(model, row) {
  const {elements, start, end} = model;
  let guessed = false;  // the end of the span before
  for (let i = row.first; i < row.last; ++i) {
    const before = i > row.first ? end[i - 1] : 0;
    const known = elements.begun[i] >= 0 ? elements.begun[i] : elements.running[i];
    if (known >= 0 && known < before && guessed) end[i - 1] = Math.max(start[i - 1], known);
    const earliest = i > row.first ? end[i - 1] : 0;
    const begin = known >= 0 ? known : Math.max(elements.sent[i], 0);
    start[i] = Math.min(Math.max(begin, earliest), model.length);
    guessed = elements.encoded[i] < 0;
    end[i] = Math.min(Math.max(start[i], guessed ? guessEnd(model, i) : elements.encoded[i]), model.length);
  }
}

// Of an element whose worker did not tell it.
function guessEnd(model, i) {
  const {elements, workers, length} = model;
  if (elements.arrived[i] >= 0) return elements.arrived[i];
  const worker = workers[elements.worker[i]];
  return worker !== undefined && worker.ended >= 0 ? worker.ended : length;
}

// An element that no worker had: the moment at which it ended.
function placeMoments(model, row) {
  const {elements, start, end} = model;
  for (let i = row.first; i < row.last; ++i) {
    const moment = Math.max(elements.arrived[i], elements.queued[i], i > row.first ? start[i - 1] : 0);
    start[i] = end[i] = Math.min(moment, model.length);
  }
}

// Sums of the times before each element: what part of a pixel is busy is a difference of two.
function sumTimes(model) {
  const {elements, start, end, busy, runs} = model;
  for (let i = 0; i < elements.count; ++i) {
    busy[i + 1] = busy[i] + end[i] - start[i];
    runs[i + 1] = runs[i] + runEnd(model, i) - runStart(model, i);
  }
}

// When its task ran. All of the time of the span, where that is not known.
function runStart(model, i) {
  const {elements, start, end} = model;
  return elements.running[i] < 0 ? start[i] : Math.min(Math.max(elements.running[i], start[i]), end[i]);
}
function runEnd(model, i) {
  const {elements, end} = model;
  return elements.encoding[i] < 0 ? end[i] : Math.min(Math.max(elements.encoding[i], runStart(model, i)), end[i]);
}

function slotOf(model, i) {
  const worker = model.workers[model.elements.worker[i]];
  return worker === undefined ? -1 : worker.slot;
}

function emptyRow(slot) {
  return {slot, first: 0, last: 0, failures: [], marks: [], workers: []};
}

// The elements come by slot, those of no worker last.
function makeRows(model) {
  const rows = new Map();
  for (const slot of model.workers.map((worker) => worker.slot).sort((a, b) => a - b)) {
    if (!rows.has(slot)) rows.set(slot, emptyRow(slot));
  }
  for (const worker of model.workers) rows.get(worker.slot).workers.push(worker);
  for (let i = 0; i < model.elements.count;) {
    const slot = slotOf(model, i);
    if (!rows.has(slot)) rows.set(slot, emptyRow(slot));
    const row = rows.get(slot);
    row.first = i;
    while (i < model.elements.count && slotOf(model, i) === slot) ++i;
    row.last = i;
  }
  return Array.from(rows.values());
}

function findFailures(model) {
  const {elements} = model;
  model.counts = outcomes.map(() => 0);
  model.failures = [];
  for (const row of model.rows) {
    for (let i = row.first; i < row.last; ++i) {
      if (elements.outcome[i] > lastOutcome) elements.outcome[i] = lastOutcome;
      ++model.counts[elements.outcome[i]];
      if (elements.outcome[i] !== 0) row.failures.push(i);
    }
    for (const i of row.failures) model.failures.push(i);
  }
  model.counts[0] += model.facts.left_out;
  // By the moment at which each is drawn: the order in which keys go through them.
  model.failures.sort((a, b) => model.end[a] - model.end[b]);
}

function placeMarks(model) {
  const bySlot = new Map(model.rows.map((row) => [row.slot, row]));
  model.marks = model.facts.marks.map(([time, worker, kind, text]) => ({
    time, worker, kind: Math.min(kind, lastMarkKind), text: visible(text),
  })).sort((a, b) => a.time - b.time);
  model.poolMarks = [];
  for (const mark of model.marks) {
    const worker = model.workers[mark.worker];
    (worker === undefined ? model.poolMarks : bySlot.get(worker.slot).marks).push(mark);
  }
}

// Of the time that a worker was ready, the part in which it was busy.
function utilization(model, worker) {
  const from = Math.max(worker.ready, worker.started, 0);
  const to = worker.ended >= 0 ? worker.ended : model.length;
  return to > from ? Math.min(1, worker.busy / (to - from)) : 0;
}
// Of all the time: of a slot.
function slotUtilization(model, row) {
  const busy = row.workers.reduce((sum, worker) => sum + worker.busy, 0);
  return model.length > 0 ? Math.min(1, busy / model.length) : 0;
}

function makeModel(data) {
  const {facts, calls, elements} = data;
  const model = {
    facts, calls, elements,
    workers: facts.workers,
    names: facts.names.map(visible),
    texts: facts.texts.map(visible),
    length: Math.max(facts.length, 1),
    start: new Float64Array(elements.count),
    end: new Float64Array(elements.count),
    busy: new Float64Array(elements.count + 1),
    runs: new Float64Array(elements.count + 1),
  };
  for (const worker of model.workers) {
    worker.name = visible(worker.name);
    worker.end = visible(worker.end);
  }
  model.rows = makeRows(model);
  for (const row of model.rows) (row.slot < 0 ? placeMoments : placeSpans)(model, row);
  sumTimes(model);
  findFailures(model);
  placeMarks(model);
  return model;
}

// The first place in [from, to) whose value is greater than the bound; `to`: there is none.
function upperBound(values, bound, from, to) {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (values[middle] > bound) to = middle; else from = middle + 1;
  }
  return from;
}

function callOf(model, i) {
  return model.elements.call[i];
}
function functionOf(model, i) {
  const call = callOf(model, i);
  return call < 0 ? '' : model.names[model.calls.name[call]];
}
// "element 17", with what else tells it from others.
function elementTitle(model, i) {
  const {elements, calls} = model;
  let title = 'element ' + formatCount(elements.index[i]);
  if (calls.name.length > 1 && elements.call[i] >= 0) title += ' of call ' + formatCount(elements.call[i] + 1);
  if (elements.attempt[i] > 1) title += ', attempt ' + elements.attempt[i];
  return title;
}
function rowOf(model, i) {
  const slot = slotOf(model, i);
  return model.rows.findIndex((row) => row.slot === slot);
}
