// Mouse, touch and keys.

// What is at this point of the rows: a failure or a mark within a few pixels, else the span.
function findAt(state, x, y) {
  const {model, view} = state;
  const width = state.rowsCanvas.clientWidth;
  const row = model.rows[Math.floor((y + state.scroller.scrollTop) / state.rowHeight)];
  if (row === undefined || x < state.left) return null;
  const reach = view.span / Math.max(width - state.left, 1);
  const time = timeAt(state, x, width);
  const failure = failureNear(model, row, time, 5 * reach);
  const mark = row.marks.find((one) => Math.abs(one.time - time) <= 5 * reach);
  const lower = (y + state.scroller.scrollTop) % state.rowHeight > state.rowHeight - 14;
  if (mark !== undefined && (lower || failure < 0)) return {mark};
  if (failure >= 0) return {element: failure};
  const element = spanNear(model, row, time, 2 * reach);
  return element < 0 ? null : {element};
}

// Its sign is at the beginning of a wide span, and at the end of a narrow one.
function failureNear(model, row, time, reach) {
  let best = -1;
  let distance = reach;
  for (let n = firstFailure(model, row, time - reach); n < row.failures.length; ++n) {
    const i = row.failures[n];
    if (model.start[i] > time + reach) break;
    const away = Math.max(model.start[i] - time, time - model.end[i], 0);
    if (away <= distance) {
      best = i;
      distance = away;
    }
  }
  return best;
}

function spanNear(model, row, time, reach) {
  const i = upperBound(model.start, time, row.first, row.last) - 1;
  if (i >= row.first && model.end[i] >= time) return i;
  const before = i >= row.first ? time - model.end[i] : Infinity;
  const after = i + 1 < row.last ? model.start[i + 1] - time : Infinity;
  if (Math.min(before, after) > reach) return -1;
  return before <= after ? i : i + 1;
}

function placeIn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return {x: event.clientX - box.left, y: event.clientY - box.top};
}

function zoomByWheel(state, canvas, event) {
  // What is all in sight already leaves the wheel to the page.
  if (event.ctrlKey || (event.deltaY > 0 && state.view.isAll() && event.deltaX === 0)) return;
  event.preventDefault();
  const width = canvas.clientWidth;
  const lines = event.deltaMode === 1 ? 30 : 1;
  const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
  if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
    state.view.move(sideways * lines * state.view.span / width);
  } else {
    state.view.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * lines)) / 300),
        Math.min(Math.max(timeAt(state, placeIn(canvas, event).x, width), state.view.from), state.view.to));
  }
}

// Follows one drag: `move` gets where it is and how far it has come, `end` whether it was no more than a click.
function followDrag(canvas, event, move, end) {
  const begin = placeIn(canvas, event);
  let far = false;
  const moved = (next) => {
    const place = placeIn(canvas, next);
    far = far || Math.abs(place.x - begin.x) > 3;
    if (far) move(place, begin);
  };
  const ended = (last) => {
    canvas.removeEventListener('pointermove', moved);
    canvas.removeEventListener('pointerup', ended);
    canvas.removeEventListener('pointercancel', ended);
    if (last.type === 'pointerup') end(!far, placeIn(canvas, last));
    else end(false, null);
  };
  canvas.setPointerCapture(event.pointerId);
  canvas.addEventListener('pointermove', moved);
  canvas.addEventListener('pointerup', ended);
  canvas.addEventListener('pointercancel', ended);
}

function dragToSelect(state, canvas, event) {
  const width = canvas.clientWidth;
  const clamp = (x) => Math.min(Math.max(timeAt(state, x, width), state.view.from), state.view.to);
  followDrag(canvas, event, (place, begin) => {
    state.selection = {from: clamp(begin.x), to: clamp(place.x)};
    state.redraw();
  }, () => {
    const selection = state.selection;
    state.selection = null;
    if (selection !== null) state.view.show(Math.min(selection.from, selection.to), Math.max(selection.from, selection.to));
    state.redraw();
  });
}

function dragToMove(state, canvas, event) {
  const {from, to} = state.view;
  const width = canvas.clientWidth;
  canvas.classList.add('dragged');
  followDrag(canvas, event, (place, begin) => {
    const time = (begin.x - place.x) * (to - from) / Math.max(width - state.left, 1);
    state.view.show(from + time, to + time);
  }, (isClick, place) => {
    canvas.classList.remove('dragged');
    if (isClick) state.pin(findAt(state, place.x, place.y));
  });
}

// Within the window: moves it. Else: selects a new one.
function dragOverview(state, canvas, event) {
  const width = canvas.clientWidth;
  const {view, left} = state;
  const at = (x) => Math.min(Math.max((x - left) / Math.max(width - left, 1), 0), 1) * state.model.length;
  const {from, to} = view;
  const begun = at(placeIn(canvas, event).x);
  const inside = !view.isAll() && begun >= from && begun <= to;
  followDrag(canvas, event, (place) => {
    const now = at(place.x);
    if (inside) view.show(from + now - begun, to + now - begun);
    else view.show(Math.min(begun, now), Math.max(begun, now));
  }, (isClick) => {
    if (isClick) view.show(begun - view.span / 2, begun + view.span / 2);
  });
}

function handlePointer(state) {
  const rows = state.rowsCanvas;
  for (const canvas of [rows, state.rulerCanvas])
    canvas.addEventListener('wheel', (event) => zoomByWheel(state, canvas, event), {passive: false});
  rows.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    showTip(state, null);
    (event.shiftKey ? dragToSelect : dragToMove)(state, rows, event);
  });
  rows.addEventListener('pointermove', (event) => {
    if (event.buttons !== 0) return;
    const {x, y} = placeIn(rows, event);
    showTip(state, findAt(state, x, y), event.clientX, event.clientY);
  });
  rows.addEventListener('pointerleave', () => showTip(state, null));
  rows.addEventListener('dblclick', (event) => {
    const {x, y} = placeIn(rows, event);
    const what = findAt(state, x, y);
    if (what !== null && what.element !== undefined) state.goTo(what.element);
  });
  state.rulerCanvas.addEventListener('pointerdown', (event) => dragToSelect(state, state.rulerCanvas, event));
  state.overviewCanvas.addEventListener('pointerdown', (event) => dragOverview(state, state.overviewCanvas, event));
  state.scroller.addEventListener('scroll', state.redraw);
}

function handleKeys(state) {
  const {view} = state;
  const middle = () => (view.from + view.to) / 2;
  const actions = {
    ArrowLeft: () => view.move(-view.span / 8), a: () => view.move(-view.span / 8),
    ArrowRight: () => view.move(view.span / 8), d: () => view.move(view.span / 8),
    '+': () => view.zoom(0.6, middle()), '=': () => view.zoom(0.6, middle()), w: () => view.zoom(0.6, middle()),
    '-': () => view.zoom(1 / 0.6, middle()), s: () => view.zoom(1 / 0.6, middle()),
    0: () => view.showAll(), Home: () => view.showAll(),
    n: () => state.stepFailure(1), p: () => state.stepFailure(-1),
    Escape: () => state.pin(null),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.prototype.hasOwnProperty.call(actions, event.key)) return;
    const place = event.target instanceof Element ? event.target : document.body;
    if (place !== document.body && place.closest('#timeline') === null && event.key !== 'Escape') return;
    event.preventDefault();
    actions[event.key]();
  });
}
