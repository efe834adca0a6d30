/**
 * Builds the npm package's `dist`: JavaScript from `src`, and beside it the files that the program reads while it runs.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ASSETS = 'main/**/*.{yaml,sql,html}';

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [compiler, '--project', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const file of globSync(ASSETS, { cwd: join(ROOT, 'src') })) cpSync(join(ROOT, 'src', file), join(ROOT, 'dist', file), { recursive: true });
