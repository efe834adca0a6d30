'use strict';

// Loaded into every thread of the gateway, first of all: with what Node has compiled before it starts in about half the
// time. That is kept beside the code it was made of, where the user who may write it could as well change the code.

const { lstatSync, mkdirSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { dirname, join } = require('node:path');

const folder = join(__dirname, '..', '.cache');
if (isOurs(folder)) enableCompileCache(folder);

/**
 * Whether a folder is there, or could be made, that nobody but this user can read or write. What lies in it is run, so
 * any other is left alone. So is a package of another user, who could not remove what root has put there.
 *
 * @param {string} path
 */
function isOurs(path) {
  const user = process.getuid?.();
  try {
    if (lstatSync(dirname(path)).uid !== user) return false;
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there already, or it can't be there: a package may lie where nothing is written.
  }
  try {
    const { uid, mode } = lstatSync(path);
    return (mode & 0o170077) === 0o040000 && uid === user;
  } catch {
    return false;
  }
}
