// No tests here: the ports that this room's tests stand on. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { err, ok, type Result } from '../base/index.ts';
import type { Alert, Clock, FileFault, Files, Keyring, LogLevel, Timer } from '../ports/index.ts';
import type { CertificatePorts } from './keeper.ts';

interface Held {
  bytes: Uint8Array;
  mode: number;
}

/** Files in memory; `fault` makes every writing fail, and `write` changes one as an operator's editor does. */
export class MemoryFiles implements Files {
  readonly held = new Map<string, Held>();
  readonly folders = new Set<string>();
  readonly #watchers = new Map<string, Set<() => void>>();
  fault: FileFault | null = null;

  async read(path: string, limitBytes: number): Promise<Result<Uint8Array, FileFault>> {
    await setImmediate();
    const found = this.held.get(path);
    if (found === undefined) return err({ reason: 'missing', detail: `${path}: does not exist` });
    if (found.bytes.length > limitBytes)
      return err({ reason: 'too-large', detail: `${path} is larger than ${limitBytes} bytes` });
    return ok(found.bytes.slice());
  }

  async replace(path: string, bytes: Uint8Array, mode: number): Promise<Result<void, FileFault>> {
    await setImmediate();
    if (this.fault !== null) return err({ ...this.fault, detail: `${path}: ${this.fault.detail}` });
    this.held.set(path, { bytes: bytes.slice(), mode });
    return ok(undefined);
  }

  async create(path: string, bytes: Uint8Array, mode: number): Promise<Result<void, FileFault>> {
    await setImmediate();
    if (this.fault !== null) return err({ ...this.fault, detail: `${path}: ${this.fault.detail}` });
    if (this.held.has(path)) return err({ reason: 'exists', detail: `${path}: exists already` });
    this.held.set(path, { bytes: bytes.slice(), mode });
    return ok(undefined);
  }

  async makeFolder(path: string): Promise<Result<void, FileFault>> {
    await setImmediate();
    this.folders.add(path);
    return ok(undefined);
  }

  facts(): Promise<Result<never, FileFault>> {
    return Promise.resolve(err({ reason: 'other', detail: 'not in this fake' }));
  }

  space(): Promise<Result<never, FileFault>> {
    return Promise.resolve(err({ reason: 'other', detail: 'not in this fake' }));
  }

  list(): Promise<Result<never, FileFault>> {
    return Promise.resolve(err({ reason: 'other', detail: 'not in this fake' }));
  }

  async remove(path: string): Promise<Result<void, FileFault>> {
    await setImmediate();
    this.held.delete(path);
    return ok(undefined);
  }

  watch(path: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(path) ?? new Set();
    this.#watchers.set(path, watchers.add(changed));
    return () => void watchers.delete(changed);
  }

  write(path: string, bytes: Uint8Array | string): void {
    this.held.set(path, { bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, mode: 0o644 });
    for (const changed of this.#watchers.get(path) ?? []) changed();
  }

  text(path: string): string {
    return new TextDecoder().decode(this.held.get(path)?.bytes);
  }

  watched(): number {
    return [...this.#watchers.values()].reduce((sum, watchers) => sum + watchers.size, 0);
  }
}

/** AES-256-GCM under a key made from `passphrase`; another passphrase opens nothing. */
export function memoryKeyring(passphrase: string): Keyring {
  const keyOf = (purpose: string): Buffer => createHmac('sha256', passphrase).update(purpose).digest();
  return {
    seal(purpose, plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keyOf(purpose), nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(purpose, sealed, context) {
      if (sealed.length < 28) return err('too short');
      try {
        const opener = createDecipheriv('aes-256-gcm', keyOf(purpose), sealed.subarray(0, 12), { authTagLength: 16 });
        opener.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-16));
        return ok(Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]));
      } catch {
        return err('not sealed by this keyring');
      }
    },
    mac: (purpose, message) => createHmac('sha256', keyOf(purpose)).update(message).digest(),
    rotate: () => Promise.resolve(ok(undefined)),
  };
}

/** A clock that stands still until `pass`. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>();
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  every(): Timer {
    throw new Error('not in this fake');
  }

  /** How long until the earliest timer, null without one. */
  untilNextMs(): number | null {
    const next = this.#next();
    return next === undefined ? null : next.dueMs - this.#nowMs;
  }

  /** Lets time pass in the steps of the timers, and lets what each began come to rest before going on. */
  async pass(ms: number): Promise<void> {
    // What is under way has taken its timer back, and sets the next one when it ends.
    await rest();
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await rest();
    }
    this.#nowMs = endMs;
  }

  #next(): { dueMs: number; callback: () => void } | undefined {
    return [...this.#timers].toSorted((one, other) => one.dueMs - other.dueMs)[0];
  }
}

/** Everything together, and what was said through it. */
export function fakePorts(startMs = Date.UTC(2026, 0, 1)) {
  const alerts: Alert[] = [];
  const lines: { level: LogLevel; event: string; message: string }[] = [];
  const files = new MemoryFiles();
  const clock = new FakeClock(startMs);
  const ports: CertificatePorts = {
    files,
    clock,
    random: { fill: (bytes) => bytes.set(randomBytes(bytes.length)) },
    keyring: memoryKeyring('correct'),
    alerts: { raise: (alert) => void alerts.push(alert), list: () => Promise.resolve([]) },
    log: { write: (level, event, message) => void lines.push({ level, event, message }) },
  };
  return { ports, files, clock, alerts, lines };
}

/** The value of a Result that must be a success. */
export function valueOf<T>(result: Result<T, unknown>): T {
  assert.ok(result.ok, result.ok ? '' : String(result.error));
  return result.value;
}

/** The error of a Result that must be a failure. */
export function errorOf(result: Result<unknown, string>): string {
  assert.ok(!result.ok, 'this should have failed');
  return result.error;
}

/** Lets everything go on that waits for these fakes only: each of their calls takes one turn of the loop. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

/** Waits for what goes through the thread pool, as signing does; the turns of the loop it takes are not known. */
export async function until(happened: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + 20_000;
  while (!happened()) {
    assert.ok(performance.now() < giveUpAtMs, 'this did not happen');
    await setImmediate();
  }
}
