// Reads the data, which src/trace/html.cpp writes: an object of JSON, and columns of numbers.

// Gives the text of an element with data, and frees the memory that it takes.
function takeText(id) {
  const element = document.getElementById(id);
  const text = element.textContent;
  element.remove();
  return text;
}

// Numbers of 7 bits in each byte, the lowest first.
class Numbers {
  constructor(base64) {
    this.bytes = atob(base64);
    this.place = 0;
  }
  next() {
    let byte = this.bytes.charCodeAt(this.place++);
    let number = byte & 127;
    // Beyond 31 bits << fails; a product is exact up to 53.
    for (let factor = 128; byte > 127; factor *= 128) {
      byte = this.bytes.charCodeAt(this.place++);
      number += (byte & 127) * factor;
    }
    return number;
  }
}

// Columns of (how often, number).
function readRuns(id, values) {
  const numbers = new Numbers(takeText(id));
  for (let i = 0; i < values.length;) {
    const count = numbers.next();
    const number = numbers.next();
    values.fill(number, i, i + count);
    i += Math.max(count, 1);
  }
  return values;
}

// Columns of differences: to the number before, or to that of `base`. -1: unknown.
function readDifferences(id, count, base) {
  const numbers = new Numbers(takeText(id));
  const values = new Float64Array(count);
  let last = 0;
  for (let i = 0; i < count; ++i) {
    const code = numbers.next();
    if (code === 0) {
      values[i] = -1;
      continue;
    }
    const half = Math.floor((code - 1) / 2);
    const difference = code % 2 === 1 ? half : -half - 1;
    values[i] = (base === undefined ? last : Math.max(base[i], 0)) + difference;
    last = values[i];
  }
  return values;
}

// What is counted from 1 on, 0 being none, from 0 on, -1 being none.
function lessOne(values) {
  for (let i = 0; i < values.length; ++i) --values[i];
  return values;
}

function readCalls(count) {
  return {
    name: readRuns('call-name', new Int32Array(count)),
    elements: readRuns('call-elements', new Float64Array(count)),
    submitted: readDifferences('call-submitted', count),
    ended: readDifferences('call-ended', count),
  };
}

function readElements(count) {
  const elements = {
    count,
    call: lessOne(readRuns('call', new Int32Array(count))),
    worker: lessOne(readRuns('worker', new Int32Array(count))),
    attempt: readRuns('attempt', new Uint32Array(count)),
    outcome: readRuns('outcome', new Uint8Array(count)),
    text: lessOne(readRuns('text', new Int32Array(count))),
    index: readDifferences('index', count),
    queued: readDifferences('queued', count),
    sent: readDifferences('sent', count),
    begun: readDifferences('begun', count),
  };
  elements.running = readDifferences('running', count, elements.begun);
  elements.encoding = readDifferences('encoding', count, elements.running);
  elements.encoded = readDifferences('encoded', count, elements.encoding);
  elements.arrived = readDifferences('arrived', count);
  return elements;
}

function readData() {
  const facts = JSON.parse(takeText('facts'));
  return {facts, calls: readCalls(facts.calls), elements: readElements(facts.count)};
}
