// The part of the time that is shown. All changes go through here.

const shortestWindow = 20;  // ns

class View {
  constructor(length, changed) {
    this.length = length;
    this.from = 0;
    this.to = length;
    this.changed = changed;
  }
  get span() {
    return this.to - this.from;
  }
  isAll() {
    return this.from <= 0 && this.to >= this.length;
  }
  // As near to that as the trace allows.
  show(from, to) {
    const span = Math.min(Math.max(to - from, Math.min(shortestWindow, this.length)), this.length);
    const begin = (from + to - span) / 2;
    this.from = Math.min(Math.max(begin, 0), this.length - span);
    this.to = this.from + span;
    this.changed();
  }
  showAll() {
    this.show(0, this.length);
  }
  // The moment `at` stays where it is.
  zoom(factor, at) {
    const span = Math.min(Math.max(this.span * factor, Math.min(shortestWindow, this.length)), this.length);
    const from = at - (at - this.from) * span / this.span;
    this.show(from, from + span);
  }
  move(time) {
    this.show(this.from + time, this.to + time);
  }
  // So that a span can be seen with what is around it, without a change where it can be seen now.
  reveal(from, to) {
    const middle = (from + to) / 2;
    const length = Math.max(to - from, shortestWindow);
    if (this.span > 50 * length || this.span < length) this.show(middle - 5 * length, middle + 5 * length);
    else if (from < this.from || to > this.to) this.show(middle - this.span / 2, middle + this.span / 2);
  }
}
