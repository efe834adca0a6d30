import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../ports/index.ts';

// Long enough for an editor to finish its write and rename, short enough to seem at once.
const REST_MS = 100;
// After so many rests without quiet it is told all the same, or a file written to without pause would never be.
const REST_LIMIT = 20;
// Notifications do not come from network file systems, from behind a link's target, or when the system has no more
// watches to give: a look at the file now and then finds what they miss.
const LOOK_MS = 2000;

/**
 * Calls `changed` when what lies behind `path` has become another file, has other facts, appeared or vanished, and has
 * then stood still for 100 ms. Watches the folder, for a rename puts another file under the name and the old one is
 * never heard of again; and compares facts through all links, for Kubernetes turns a link beside the file's own.
 */
export function watchPath(path: string, changed: () => void, clock: Clock): () => void {
  let told = fingerprint(path);
  let seen = told;
  let rests = 0;
  let resting: Timer | null = null;

  const rest = (): void => {
    resting ??= clock.after(REST_MS, () => {
      resting = null;
      look();
    });
  };
  const look = (): void => {
    const now = fingerprint(path);
    const still = now === seen || rests >= REST_LIMIT;
    seen = now;
    if (now === told) rests = 0;
    else if (!still || rests === 0) {
      rests++;
      rest();
    } else {
      rests = 0;
      told = now;
      changed();
    }
  };

  const folder = new FolderWatch(dirname(path), rest);
  const looking = clock.every(LOOK_MS, () => {
    folder.renew();
    if (resting === null) look();
  });
  return () => {
    looking.cancel();
    resting?.cancel();
    folder.close();
  };
}

/** Notifications about one folder, for as long as the system gives them. */
class FolderWatch {
  readonly #path: string;
  readonly #noticed: () => void;
  #watcher: FSWatcher | null = null;
  #watched = '';

  constructor(path: string, noticed: () => void) {
    this.#path = path;
    this.#noticed = noticed;
    this.renew();
  }

  /** Watches again if the folder has become another one, or could not be watched before. */
  renew(): void {
    const now = identity(this.#path);
    if (this.#watcher !== null && now === this.#watched) return;
    this.close();
    try {
      this.#watcher = watch(this.#path, { persistent: false }, this.#noticed);
      this.#watcher.on('error', () => this.close());
      this.#watched = now;
    } catch {
      // The folder may appear later; until then the looks suffice.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}

function fingerprint(path: string): string {
  try {
    const facts = statSync(path, { bigint: true });
    return [facts.dev, facts.ino, facts.size, facts.mtimeNs, facts.ctimeNs].join(' ');
  } catch {
    return 'missing';
  }
}

function identity(path: string): string {
  try {
    const facts = statSync(path, { bigint: true });
    return `${facts.dev} ${facts.ino}`;
  } catch {
    return 'missing';
  }
}
