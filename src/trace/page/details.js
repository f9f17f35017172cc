// What is said of an element: beside the pointer, and, when it is pinned, below the timeline.

function node(name, className, ...children) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

// A foreign text: its direction of writing ends with it.
function foreign(text) {
  return node('bdi', '', text);
}

function difference(later, earlier) {
  return later >= 0 && earlier >= 0 ? later - earlier : -1;
}

// Names of phases, and how long each took; those that are not known are left out.
function phasesOf(model, i) {
  const e = model.elements;
  return [
    {name: 'queued', time: difference(e.sent[i], e.queued[i])},
    {name: 'sent, waited', time: difference(e.begun[i], e.sent[i])},
    {name: 'decoding', time: difference(e.running[i], e.begun[i])},
    {name: 'running', time: difference(e.encoding[i], e.running[i])},
    {name: 'encoding', time: difference(e.encoded[i], e.encoding[i])},
    {name: 'arriving', time: difference(e.arrived[i], e.encoded[i])},
  ].filter((phase) => phase.time >= 0);
}

function runningTime(model, i) {
  const e = model.elements;
  return difference(e.encoding[i], e.running[i]);
}

function failureText(model, i) {
  const text = model.texts[model.elements.text[i]];
  return text === undefined ? '' : text;
}

function workerText(model, i) {
  const worker = model.workers[model.elements.worker[i]];
  return worker === undefined ? 'no worker' : worker.name + ' (slot ' + worker.slot + ', pid ' + worker.pid + ')';
}

function outcomeNode(model, i) {
  const outcome = model.elements.outcome[i];
  return node('span', 'outcome', outcomeSign(outcome), ' ' + outcomes[outcome]);
}

// The end of an element whose worker did not tell it is an estimate.
function spanText(model, i) {
  const told = model.elements.encoded[i] >= 0 && model.elements.begun[i] >= 0;
  return formatTime(model.end[i] - model.start[i]) + (told ? '' : ' at most; the worker did not tell');
}

function elementRows(model, i) {
  const rows = [['Function', foreign(functionOf(model, i))], ['Worker', foreign(workerText(model, i))],
    ['Ended with', outcomeNode(model, i)]];
  if (slotOf(model, i) >= 0) rows.push(['Took', spanText(model, i)]);
  if (failureText(model, i) !== '') rows.push(['Failure', node('span', 'failure-text', foreign(shortened(failureText(model, i), 4000)))]);
  rows.push(['At', formatMoment(model.start[i], 1e3)]);
  return rows;
}

function definitions(rows) {
  const list = node('dl', '');
  for (const [name, value] of rows) list.append(node('dt', '', name), node('dd', '', value));
  return list;
}

function phaseBar(model, i) {
  const phases = phasesOf(model, i);
  const list = node('ul', 'phases');
  const longest = Math.max(1, ...phases.map((phase) => phase.time));
  for (const phase of phases) {
    const bar = node('span', 'phase-bar phase-' + phase.name.split(',')[0]);
    bar.style.width = Math.max(1, 100 * phase.time / longest) + 'px';
    list.append(node('li', '', node('span', 'phase-name', phase.name), node('span', 'number', formatTime(phase.time)), bar));
  }
  return list;
}

// `what`: {element} or {mark}.
function describe(model, what) {
  if (what.mark !== undefined) {
    const worker = model.workers[what.mark.worker];
    return [node('strong', '', signElement(signOfMark[what.mark.kind], 'mark'), ' ' + markKinds[what.mark.kind]),
      definitions([['At', formatMoment(what.mark.time, 1e3)], ['Worker', foreign(worker === undefined ? '–' : worker.name)],
        ['Says', node('span', 'failure-text', foreign(shortened(what.mark.text, 1000)))]])];
  }
  return [node('strong', '', elementTitle(model, what.element)),
    node('div', 'known', definitions(elementRows(model, what.element)), phaseBar(model, what.element))];
}

function showTip(state, what, x, y) {
  const tip = state.tip;
  tip.hidden = what === null;
  if (what === null) return;
  if (what.element !== state.tipFor || what.mark !== undefined) {
    tip.replaceChildren(...describe(state.model, what));
    state.tipFor = what.element;
  }
  const room = document.documentElement.clientWidth;
  const left = x + 16 + tip.offsetWidth > room ? x - 16 - tip.offsetWidth : x + 16;
  const top = y + 16 + tip.offsetHeight > window.innerHeight ? y - 16 - tip.offsetHeight : y + 16;
  tip.style.left = Math.max(4, left) + 'px';
  tip.style.top = Math.max(4, top) + 'px';
}

// `what`: as for describe().
function showPinned(state, what) {
  const hint = node('p', 'hint', 'Point at an element to see what is known of it. A click keeps it here.');
  document.getElementById('details').replaceChildren(...(what === null ? [hint] : describe(state.model, what)));
}
