// Signs of failures and marks. No two failures have the same, so colours are not needed to tell them.
// Each lies in a square of 10 around 0.

const signs = {
  triangle: 'M0-5L5 4H-5Z',
  cross: 'M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z',
  hourglass: 'M-4-5H4L1 0L4 5H-4L-1 0Z',
  frame: 'M-4-4H4V4H-4ZM-2-2V2H2V-2Z',
  diamond: 'M0-5L5 0L0 5L-5 0Z',
  arrow: 'M-4-5L5 0L-4 5Z',
  back: 'M4-5L-5 0L4 5Z',
  lines: 'M-5-4H5V-2H-5ZM-5-1H5V1H-5ZM-5 2H2V4H-5Z',
  disc: 'M0-4A4 4 0 1 1 0 4A4 4 0 1 1 0-4Z',
};
const signOfOutcome = ['disc', 'triangle', 'cross', 'hourglass', 'frame', 'diamond'];
const signOfMark = ['cross', 'arrow', 'back', 'hourglass', 'frame', 'lines', 'disc'];

const signPaths = {};
for (const name of Object.keys(signs)) signPaths[name] = new Path2D(signs[name]);

// With a rim in the colour of the ground, so that it is seen on anything.
function drawSign(context, name, x, y, size, color, rim) {
  context.save();
  context.translate(x, y);
  context.scale(size / 10, size / 10);
  context.lineJoin = 'round';
  context.lineWidth = 20 / size;
  context.strokeStyle = rim;
  context.stroke(signPaths[name]);
  context.fillStyle = color;
  context.fill(signPaths[name]);
  context.restore();
}

// The same for text.
function signElement(name, className) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '-6 -6 12 12');
  svg.setAttribute('class', 'sign ' + className);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', signs[name]);
  svg.append(path);
  return svg;
}

function outcomeSign(outcome) {
  return signElement(signOfOutcome[outcome], 'outcome-' + outcome);
}
