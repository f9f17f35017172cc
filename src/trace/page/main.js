// Puts the page together when all of it is there.

function makeState(model) {
  const byId = (id) => document.getElementById(id);
  const state = {
    model, colors: readColors(), left: 0, width: 0, rowHeight: rowHeight(model),
    pinned: -1, selection: null, histogram: 'running', tip: byId('tip'), tipFor: -1, overviewWidth: -1,
    scroller: byId('scroller'), rowsCanvas: byId('rows'), rulerCanvas: byId('ruler'), overviewCanvas: byId('overview'),
    drawn: 0,
  };
  let asked = false;
  // Once for all changes until the next frame.
  state.redraw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      drawTimeline(state);
    });
  };
  state.view = new View(model.length, state.redraw);
  state.pin = (what) => pin(state, what);
  state.goTo = (i, scroll) => goTo(state, i, scroll);
  state.stepFailure = (direction) => stepFailure(state, direction);
  return state;
}

function drawTimeline(state) {
  state.width = state.scroller.clientWidth;
  state.left = state.width < 600 ? 76 : 110;
  drawOverview(state.overviewCanvas, state);
  drawRuler(state.rulerCanvas, state);
  drawRows(state.rowsCanvas, state);
  const {from, to, span} = state.view;
  document.getElementById('window').textContent = formatMoment(from, span / 100) + ' to ' + formatMoment(to, span / 100) + ' (' + formatTime(span) + ')';
  ++state.drawn;
}

// An element, a mark or, as null, nothing.
function pin(state, what) {
  state.pinned = what === null || what.element === undefined ? -1 : what.element;
  showPinned(state, what);
  state.redraw();
}

function goTo(state, i, scroll) {
  const {model} = state;
  state.view.reveal(model.start[i], model.end[i]);
  const top = rowOf(model, i) * state.rowHeight;
  if (top < state.scroller.scrollTop || top + state.rowHeight > state.scroller.scrollTop + state.scroller.clientHeight)
    state.scroller.scrollTop = top - state.scroller.clientHeight / 2;
  pin(state, {element: i});
  if (scroll) document.getElementById('timeline').scrollIntoView({block: 'nearest'});
}

// To the failure before or behind the pinned element, or else the middle of what is shown.
function stepFailure(state, direction) {
  const {model, view, pinned} = state;
  const {failures} = model;
  if (failures.length === 0) return;
  let n = failures.indexOf(pinned);
  if (n >= 0) n += direction;
  else {
    const time = pinned >= 0 ? model.end[pinned] : view.isAll() ? -1 : (view.from + view.to) / 2;
    n = failures.findIndex((i) => model.end[i] > time);
    if (n < 0) n = failures.length;
    if (direction < 0) --n;
  }
  goTo(state, failures[(n + failures.length) % failures.length]);
}

function addTile(list, id, sign, number, text) {
  const tile = node('li', '', sign, node('strong', '', formatCount(number)), ' ' + text);
  tile.id = id;
  tile.dataset.number = number;
  list.append(tile);
}

function showSummary(model) {
  const {facts, counts, workers, calls} = model;
  const list = document.getElementById('summary');
  const asked = calls.elements.reduce((sum, count) => sum + count, 0);
  const attempts = facts.count + facts.left_out;
  const failed = attempts - counts[0];
  addTile(list, 'number-elements', '', asked, asked === 1 ? 'element' : 'elements');
  addTile(list, 'number-calls', '', calls.name.length, calls.name.length === 1 ? 'call' : 'calls');
  addTile(list, 'number-workers', '', workers.length, workers.length === 1 ? 'worker process' : 'worker processes');
  if (attempts !== asked) addTile(list, 'number-attempts', '', attempts, 'attempts');
  addTile(list, 'number-failures', '', failed, failed === 1 ? 'failure' : 'failures');
  counts.forEach((count, outcome) => {
    if (outcome > 0 && count > 0) addTile(list, 'number-' + outcomes[outcome].replace(' ', '-'), outcomeSign(outcome), count, outcomes[outcome]);
  });
}

function showHead(model) {
  const {facts} = model;
  const program = visible(facts.program);
  document.getElementById('program').textContent = program;
  document.title = 'Timeline of ' + program;
  const parts = [new Date(facts.started_us / 1000).toLocaleString(), 'took ' + formatTime(facts.length)];
  document.getElementById('subtitle').textContent = parts.join(' · ');
  showSummary(model);
  if (facts.left_out === 0 && facts.marks_left_out === 0) return;
  const line = document.getElementById('thinned');
  line.hidden = false;
  line.textContent = 'Not drawn: ' + [[facts.left_out, 'element that ended well', 'elements that ended well'], [facts.marks_left_out, 'mark', 'marks']]
      .filter(([count]) => count > 0).map(([count, one, many]) => formatCount(count) + ' ' + (count === 1 ? one : many)).join(' and ') +
      '. ' + visible(facts.thinning) + ' The numbers here, the histogram and the workers count all.';
}

function showLegend(model) {
  const place = document.getElementById('legend');
  for (const phase of ['decoding', 'running', 'encoding'])
    place.append(node('span', 'key', node('span', 'swatch phase-' + phase), phase));
  for (const [name, text] of [['starting', 'worker starts'], ['absent', 'no worker']])
    place.append(node('span', 'key', node('span', 'swatch ground-' + name), text));
  model.counts.forEach((count, outcome) => {
    if (outcome > 0 && count > 0) place.append(node('span', 'key', outcomeSign(outcome), outcomes[outcome]));
  });
  markKinds.forEach((kind, n) => {
    if (model.marks.some((mark) => mark.kind === n)) place.append(node('span', 'key', signElement(signOfMark[n], 'mark'), 'mark: ' + kind));
  });
}

function handleButtons(state) {
  const middle = () => (state.view.from + state.view.to) / 2;
  const on = (id, action) => document.getElementById(id).addEventListener('click', action);
  on('zoom-in', () => state.view.zoom(0.5, middle()));
  on('zoom-out', () => state.view.zoom(2, middle()));
  on('zoom-all', () => state.view.showAll());
  on('previous-failure', () => state.stepFailure(-1));
  on('next-failure', () => state.stepFailure(1));
  for (const id of ['previous-failure', 'next-failure']) document.getElementById(id).disabled = state.model.failures.length === 0;
}

function handleSurroundings(state) {
  // The width changes with the window, and with the bar that scrolls the page.
  const resized = () => {
    state.rowHeight = rowHeight(state.model);
    layOut(state);
    drawHistogram(state);
    state.redraw();
  };
  window.addEventListener('resize', resized);
  new ResizeObserver(() => {
    if (state.scroller.clientWidth !== state.width) resized();
  }).observe(state.scroller);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    state.colors = readColors();
    drawHistogram(state);
    state.redraw();
  });
}

// Rows that have no room are scrolled to: the canvas stays as large as what is seen of them.
function layOut(state) {
  const height = state.model.rows.length * state.rowHeight;
  const seen = Math.min(height, Math.max(200, Math.round(window.innerHeight * 0.6))) + 'px';
  state.scroller.style.height = state.rowsCanvas.style.height = seen;
  document.getElementById('spacer').style.height = height + 'px';
}

let page = null;  // what tests look at

function start() {
  const begin = performance.now();
  const model = makeModel(readData());
  const state = makeState(model);
  page = state;
  showHead(model);
  layOut(state);
  handlePointer(state);
  handleKeys(state);
  handleButtons(state);
  handleSurroundings(state);
  showLegend(model);
  showPinned(state, null);
  offerHistograms(state);
  for (const show of [showFailures, showSlowest, showWorkers, showCalls]) show(state);
  drawTimeline(state);
  document.body.dataset.ready = Math.round(performance.now() - begin);
}

document.addEventListener('DOMContentLoaded', () => {
  showProblems();
  start();
});
