// The tables below the timeline. A row leads to its element.

const mostRows = 100;

// `columns`: {title, className}; a row: nodes or texts, one for each.
function makeTable(place, columns, rows, total, nothing) {
  if (rows.length === 0) {
    place.replaceChildren(node('p', 'hint', nothing));
    return;
  }
  const head = node('tr', '');
  for (const column of columns) head.append(node('th', column.className, column.title));
  const body = node('tbody', '');
  for (const cells of rows) {
    const row = node('tr', '');
    cells.forEach((cell, i) => row.append(node('td', columns[i].className, cell)));
    leadOn(row);
    body.append(row);
  }
  place.replaceChildren(node('table', '', node('thead', '', head), body));
  if (total > rows.length) place.append(node('p', 'hint', formatCount(total - rows.length) + ' more are not listed.'));
}

// A click anywhere in a row is one on its first button, but for one that ends a selection of text.
function leadOn(row) {
  const button = row.querySelector('button');
  if (button === null) return;
  row.className = 'leads';
  row.addEventListener('click', (event) => {
    if (event.target.closest('button') === null && getSelection().isCollapsed) button.click();
  });
}

function elementButton(state, i, text) {
  const button = node('button', 'link', text);
  button.type = 'button';
  button.title = 'Show ' + elementTitle(state.model, i);
  button.addEventListener('click', () => state.goTo(i, true));
  return button;
}

// The elements that ran longest, the longest first.
function slowestElements(model, most) {
  const found = [];
  let least = 0;
  for (let i = 0; i < model.elements.count; ++i) {
    const time = runEnd(model, i) - runStart(model, i);
    if (time <= least || slotOf(model, i) < 0) continue;
    const place = found.findIndex((one) => one.time < time);
    found.splice(place < 0 ? found.length : place, 0, {i, time});
    if (found.length > most) found.pop();
    if (found.length === most) least = found[most - 1].time;
  }
  return found;
}

function showSlowest(state) {
  const {model} = state;
  const rows = slowestElements(model, 30).map(({i, time}) => [
    elementButton(state, i, formatCount(model.elements.index[i])), (runningTime(model, i) < 0 ? '≤ ' : '') + formatTime(time), foreign(functionOf(model, i)),
    node('span', 'outcome', outcomeSign(model.elements.outcome[i]), ' ' + outcomes[model.elements.outcome[i]]),
    node('span', 'name', foreign((model.workers[model.elements.worker[i]] || {name: ''}).name)),
  ]);
  makeTable(document.getElementById('slowest'), [{title: 'Element', className: 'number'}, {title: 'Ran', className: 'number'},
    {title: 'Function', className: 'wide'}, {title: 'Ended with', className: ''}, {title: 'Worker', className: ''}], rows, rows.length, 'No element ran.');
}

// Failures of one kind with one text, the largest group first.
function failureGroups(model) {
  const groups = new Map();
  for (const i of model.failures) {
    const key = model.elements.outcome[i] + failureText(model, i);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(i);
  }
  const {call, index, attempt} = model.elements;
  for (const group of groups.values()) group.sort((a, b) => call[a] - call[b] || index[a] - index[b] || attempt[a] - attempt[b]);
  return Array.from(groups.values()).sort((a, b) => b.length - a.length);
}

// Numbers of elements, the first few, and a button that shows more of them.
function elementList(state, group) {
  const list = node('span', 'elements');
  let shown = 0;
  const more = node('button', 'link', '');
  more.type = 'button';
  const show = (count) => {
    const next = group.slice(shown, shown + count);
    shown += next.length;
    more.remove();
    for (const i of next) {
      const attempt = state.model.elements.attempt[i];
      list.append(elementButton(state, i, formatCount(state.model.elements.index[i]) + (attempt > 1 ? ' (attempt ' + attempt + ')' : '')), ' ');
    }
    if (shown === group.length) return;
    more.textContent = 'and ' + formatCount(group.length - shown) + ' more';
    list.append(more);
  };
  more.addEventListener('click', () => show(100));
  show(12);
  return list;
}

function showFailures(state) {
  const {model} = state;
  const groups = failureGroups(model);
  const rows = groups.slice(0, mostRows).map((group) => [
    node('span', 'outcome', outcomeSign(model.elements.outcome[group[0]]), ' ' + outcomes[model.elements.outcome[group[0]]]),
    formatCount(group.length), node('span', 'failure-text', foreign(shortened(failureText(model, group[0]), 400))), elementList(state, group),
  ]);
  makeTable(document.getElementById('failures'), [{title: 'Kind', className: ''}, {title: 'Number', className: 'number'},
    {title: 'Text', className: 'wide'}, {title: 'Elements', className: 'wide'}], rows, groups.length, 'No element failed.');
}

function bar(part) {
  const fill = node('span', 'fill');
  fill.style.width = 100 * part + '%';
  return node('span', 'meter', fill);
}

function showWorkers(state) {
  const {model} = state;
  const columns = [{title: 'Slot', className: 'number'}, {title: 'Worker', className: ''}, {title: 'Pid', className: 'number'},
    {title: 'Elements', className: 'number'}, {title: 'Busy', className: 'number'}, {title: '', className: 'meter-cell'},
    {title: 'Start took', className: 'number'}, {title: 'Ended', className: 'wide'}];
  const sorted = model.workers.slice().sort((a, b) => a.slot - b.slot || a.asked - b.asked);
  const rows = sorted.slice(0, mostRows).map((worker) => {
    const start = difference(worker.ready, worker.asked);
    const ended = worker.ended < 0 ? '' : 'at ' + formatMoment(worker.ended, 1e6) + (worker.end === '' ? '' : ': ' + shortened(worker.end, 200));
    return [String(worker.slot), node('span', 'name', foreign(shortened(worker.name, 60))), String(worker.pid), formatCount(worker.elements), formatPercent(utilization(model, worker)),
      bar(utilization(model, worker)), start < 0 ? '–' : formatTime(start), foreign(ended)];
  });
  makeTable(document.getElementById('workers'), columns, rows, sorted.length, 'No worker was started.');
}

function showCalls(state) {
  const {calls, names, length} = state.model;
  const columns = [{title: 'Call', className: 'number'}, {title: 'Function', className: 'wide'}, {title: 'Elements', className: 'number'},
    {title: 'Submitted', className: 'number'}, {title: 'Took', className: 'number'}];
  const rows = [];
  for (let c = 0; c < Math.min(calls.name.length, mostRows); ++c) {
    const took = difference(calls.ended[c], calls.submitted[c]);
    rows.push([formatCount(c + 1), foreign(names[calls.name[c]]), formatCount(calls.elements[c]),
      calls.submitted[c] < 0 ? '–' : formatMoment(calls.submitted[c], length / 1000), took < 0 ? 'not ended' : formatTime(took)]);
  }
  makeTable(document.getElementById('calls'), columns, rows, calls.name.length, 'No call was made.');
}
