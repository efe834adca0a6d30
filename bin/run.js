#!/usr/bin/env node
'use strict';

// `node bin/run.js ARGS…` is `node ARGS…` with the pinned Node, whatever Node the machine has: for the npm scripts.
const { launch } = require('./launch.js');

launch([], process.argv.slice(2));
