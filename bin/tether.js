'use strict';

// Loaded into the process that the launcher starts. When the launcher is gone, even by kill -9, nobody is left to pass
// signals on, and a gateway that nobody can stop must not go on: it is told to drain, and is ended if it does not.

const { isMainThread } = require('node:worker_threads');

const GRACE_MS = 5000;

// Preloads run in worker threads and in forked processes too. Only the launcher's own child has both the variable and a
// channel, and it takes the variable away before anybody can inherit it. (`node --test` loads no preload into the runner
// itself and hands the variable on to its test files, which have no channel; a runner ends by itself.)
if (isMainThread && process.env.PORTCULLIS_TETHER !== undefined) {
  delete process.env.PORTCULLIS_TETHER;
  if (process.channel) watch(process.channel);
}

/** @param {import('node:child_process').Control} channel */
function watch(channel) {
  process.once('disconnect', end);
  // The listener alone would keep the process alive for as long as the launcher lives, and that waits for this process.
  channel.unref();
}

function end() {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  process.kill(process.pid, 'SIGTERM');
}
