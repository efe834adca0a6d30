import { runSeed } from './run.ts';

// `seed.ts SEED`: runs one schedule again and prints what it came to.
const seed = Number(process.argv[2]);
if (Number.isSafeInteger(seed)) {
  const report = await runSeed(seed);
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.violation === null ? 0 : 1;
} else {
  console.error('name a seed');
  process.exitCode = 2;
}
