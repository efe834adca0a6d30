#!/usr/bin/env node
'use strict';

// `node bin/run.js ARGS…` is `node ARGS…` with the pinned Node, whatever Node the machine has: for the npm scripts. Each
// test file is a process of its own, so what one of them has compiled is kept for the others.
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { launch } = require('./launch.js');

launch(['--import', pathToFileURL(join(__dirname, 'compile-cache.js')).href], process.argv.slice(2));
