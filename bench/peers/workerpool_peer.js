// One round of a row with workerpool (processes): workerpool_peer.js ROW SCALE prints one JSON line.
const workerpool = require('workerpool');

const [row, scale] = [process.argv[2], Number(process.argv[3])];
const pool = workerpool.pool({ maxWorkers: 2, workerType: 'process' });
const next = (x) => x + 1;

async function inTurn(count) {
  for (let i = 0; i < count; ++i) await pool.exec(next, [i]);
}
async function atOnce(count) {
  await Promise.all(Array.from({ length: count }, (_, i) => pool.exec(next, [i])));
}

(async () => {
  await atOnce(10);
  const count = Math.max(Math.floor((row === 'apply_two_cpus' ? 2000 : 20000) / scale), 100);
  const begin = process.hrtime.bigint();
  await (row === 'apply_two_cpus' ? inTurn : atOnce)(count);
  const each = Number(process.hrtime.bigint() - begin) / count / 1000;
  console.log(JSON.stringify({ unit: 'us', value: each }));
  await pool.terminate();
})();
