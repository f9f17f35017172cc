// Times, numbers and foreign texts, as persons read them.

const units = [
  {name: 'ns', size: 1}, {name: 'µs', size: 1e3}, {name: 'ms', size: 1e6}, {name: 's', size: 1e9},
  {name: 'min', size: 60e9}, {name: 'h', size: 3600e9},
];

function unitOf(ns) {
  let found = units[0];
  for (const unit of units) {
    if (Math.abs(ns) >= unit.size) found = unit;
  }
  return found;
}

// "1.23 ms"; three digits.
function formatTime(ns) {
  const unit = unitOf(ns);
  const value = ns / unit.size;
  const digits = unit.size === 1 ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits) + ' ' + unit.name;
}

// A moment, so exactly that moments of this distance differ: "12.345 s".
function formatMoment(ns, distance) {
  if (ns === 0) return '0';
  const unit = unitOf(ns);
  const digits = Math.ceil(Math.log10(unit.size / Math.max(distance, 1)));
  return (ns / unit.size).toFixed(Math.min(9, Math.max(0, digits))) + ' ' + unit.name;
}

function formatCount(number) {
  return number.toLocaleString('en-US');
}

// "1 element", "2 elements".
function counted(number, noun) {
  return formatCount(number) + ' ' + noun + (number === 1 ? '' : 's');
}

function formatPercent(part) {
  const percent = 100 * part;
  return (percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)) + ' %';
}

// Characters that would not be seen, or would change the order of others, as their numbers.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

function shortened(text, length) {
  return text.length <= length ? text : text.slice(0, length - 1) + '…';
}

// Of a text with several lines.
function firstLine(text) {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end) + ' …';
}
