// How long elements took: by powers of ten, of all elements, also those that were thinned.

const histogramKinds = ['running', 'waiting', 'decoding', 'encoding'];
const barsPerDecade = 8;

function total(buckets) {
  return buckets.reduce((sum, [, count]) => sum + count, 0);
}

// The least time that at least this part of all take at most.
function quantile(buckets, part) {
  const wanted = part * total(buckets);
  let seen = 0;
  for (const [bound, count] of buckets) {
    seen += count;
    if (seen >= wanted && count > 0) return bound;
  }
  return 0;
}

function barOf(ns) {
  return Math.floor(Math.log10(Math.max(ns, 1)) * barsPerDecade + 1e-9);
}

// {first, counts}: a count for each bar from the first on.
function histogramBars(buckets) {
  const filled = buckets.filter(([, count]) => count > 0);
  const first = barOf(filled[0][0]);
  const counts = new Array(barOf(filled[filled.length - 1][0]) - first + 1).fill(0);
  for (const [bound, count] of filled) counts[barOf(bound) - first] += count;
  return {first, counts};
}

function drawHistogram(state) {
  const canvas = document.getElementById('histogram');
  const {context, width, height} = prepareCanvas(canvas, canvas.parentElement.clientWidth, 180);
  const {colors} = state;
  const buckets = state.model.facts.histograms[state.histogram];
  context.font = colors.smallFont;
  if (total(buckets) === 0) {
    context.fillStyle = colors.soft;
    context.fillText('Nothing was measured.', 8, height / 2);
    return;
  }
  const {first, counts} = histogramBars(buckets);
  // Whole decades, so that few bars are not drawn as if they were all there is.
  const begin = Math.floor(first / barsPerDecade);
  const end = Math.max(begin + 1, Math.ceil((first + counts.length) / barsPerDecade));
  const area = {context, colors, height: height - 34, top: 16, begin, pixels: (width - 16) / (end - begin), left: 8};
  drawBars(area, first, counts);
  drawDecades(area, begin, end);
  drawQuantiles(area, buckets);
}

function drawBars(area, first, counts) {
  const {context, colors, height, top, begin, pixels, left} = area;
  const most = Math.max(...counts);
  const wide = pixels / barsPerDecade;
  context.fillStyle = colors.running;
  counts.forEach((count, n) => {
    const bar = count === 0 ? 0 : Math.max(2, count / most * height);
    context.fillRect(left + (first + n - begin * barsPerDecade) * wide + 0.5, top + height - bar, Math.max(wide - 1, 1), bar);
  });
}

function drawDecades(area, begin, end) {
  const {context, colors, height, top, pixels, left} = area;
  context.fillStyle = colors.line;
  context.fillRect(left, top + height, (end - begin) * pixels, 1);
  context.textBaseline = 'top';
  for (let decade = begin; decade <= end; ++decade) {
    const x = left + (decade - begin) * pixels;
    context.fillStyle = colors.line;
    context.fillRect(x, top + height, 1, 5);
    context.fillStyle = colors.soft;
    context.textAlign = decade === begin ? 'left' : decade === end ? 'right' : 'center';
    context.fillText(formatTime(Math.pow(10, decade)).replace('.00', '').replace('.0', ''), x, top + height + 6);
  }
  context.textAlign = 'left';
}

function drawQuantiles(area, buckets) {
  const {context, colors, height, top, begin, pixels, left} = area;
  context.textBaseline = 'top';
  let free = -1;
  for (const [name, part] of [['50 %', 0.5], ['90 %', 0.9], ['99 %', 0.99]]) {
    const x = left + (Math.log10(Math.max(quantile(buckets, part), 1)) - begin) * pixels;
    context.fillStyle = colors.text;
    context.fillRect(Math.round(x), top, 1, height);
    if (x < free) continue;
    context.fillText(name, x + 3, 2);
    free = x + 3 + context.measureText(name).width;
  }
}

function quantileText(state) {
  const buckets = state.model.facts.histograms[state.histogram];
  if (total(buckets) === 0) return '';
  const parts = [['50 %', 0.5], ['90 %', 0.9], ['99 %', 0.99], ['99.9 %', 0.999], ['all', 1]];
  return formatCount(total(buckets)) + ' elements. At most: ' +
      parts.map(([name, part]) => name + ' ' + formatTime(quantile(buckets, part))).join(' · ');
}

function showHistogram(state) {
  drawHistogram(state);
  document.getElementById('quantiles').textContent = quantileText(state);
  document.getElementById('histogram').setAttribute('aria-label', 'Histogram of ' + state.histogram + ' times. ' + quantileText(state));
}

function offerHistograms(state) {
  const place = document.getElementById('histogram-choice');
  const buttons = histogramKinds.map((kind) => {
    const button = node('button', '', kind[0].toUpperCase() + kind.slice(1));
    button.type = 'button';
    button.addEventListener('click', () => choose(kind));
    return button;
  });
  const choose = (kind) => {
    state.histogram = kind;
    buttons.forEach((button, n) => button.setAttribute('aria-pressed', String(histogramKinds[n] === kind)));
    showHistogram(state);
  };
  place.append(...buttons);
  choose('running');
}
