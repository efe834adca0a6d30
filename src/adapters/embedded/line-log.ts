import type { Clock, Log, LogFields, LogLevel } from '../../ports/index.ts';
import { escapeText, quoteText, valueText } from './log-text.ts';

/** What a line log needs. `write` gets whole lines, each with its line break. */
interface LineLogOptions {
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** `json`: one object per line, for machines; `text`: for people at a terminal. */
  readonly format: 'json' | 'text';
  /** Lines below this level are left out. */
  readonly level: LogLevel;
}

const LEVELS = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<LogLevel, number>;
const NAME_LIMIT = 64;
const MESSAGE_LIMIT = 2000;
const VALUE_LIMIT = 1000;
const FIELD_LIMIT = 32;
const LINE_LIMIT = 16 * 1024;

// Ten lines a second of each event for as long as it lasts: enough to see what goes on, 0.6 GB a day at the very worst.
const WINDOW_MS = 10_000;
const LINES_PER_WINDOW = 100;
// Events are named in the code. Should a name ever be made by traffic, all further ones share one window.
const EVENT_LIMIT = 256;
const OTHER_EVENTS = 'other events';

const RESERVED = new Set(['time', 'level', 'event', 'message', 'cut']);

/**
 * The operator's log as lines. Text that could break, colour or reorder a line is escaped; names, values and lines are
 * bounded and a cut shows as `…`; a field named like a part of the line gets a `_` behind it. Of one event at most 100
 * lines in 10 seconds are written, then they are counted, and `log.dropped` says how many. Never throws.
 */
export function createLineLog(options: LineLogOptions): Log {
  const flood = createFloodGate(options.clock, (event, count) => {
    print('warn', 'log.dropped', 'more lines of one event than the log takes', { of: event, count });
  });

  const print = (level: LogLevel, event: string, message: string, fields: LogFields): void => {
    const time = new Date(options.clock.now()).toISOString();
    const line = { time, level, event, message, fields };
    try {
      options.write(options.format === 'json' ? jsonLine(line) : textLine(line));
    } catch {
      // There is nowhere left to say that the log cannot be written.
    }
  };

  return {
    write(level, event, message, fields = {}) {
      if (LEVELS[level] < LEVELS[options.level]) return;
      if (flood.passes(event)) print(level, event, message, fields);
    },
  };
}

interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

function jsonLine({ time, level, event, message, fields }: Line): string {
  const head = `{"time":"${time}","level":"${level}","event":${quoteText(event, NAME_LIMIT)}`;
  const parts = fieldTexts(fields).map(([name, value]) => `,${quoteText(name, NAME_LIMIT + 1)}:${jsonValue(value)}`);
  return `${head},"message":${quoteText(message, MESSAGE_LIMIT)}${bounded(parts, ',"cut":true')}}\n`;
}

function textLine({ time, level, event, message, fields }: Line): string {
  const head = `${time} ${level.toUpperCase().padEnd(5)} ${escapeText(event, NAME_LIMIT)}`;
  const parts = fieldTexts(fields).map(([name, value]) => {
    const shown = typeof value === 'string' ? valueText(value, VALUE_LIMIT) : String(value);
    return ` ${valueText(name, NAME_LIMIT + 1)}=${shown}`;
  });
  return `${head} ${escapeText(message, MESSAGE_LIMIT)}${bounded(parts, ' cut=true')}\n`;
}

type FieldValue = string | number | boolean | null;

function fieldTexts(fields: LogFields): [string, FieldValue][] {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  // One more than is written, so that the cut is seen.
  return given.slice(0, FIELD_LIMIT + 1).map(([name, value]) => {
    const short = name.length > NAME_LIMIT ? `${name.slice(0, NAME_LIMIT)}…` : name;
    return [RESERVED.has(name) ? `${name}_` : short, plain(value)];
  });
}

/** The types allow no objects; what comes all the same prints itself, and a Secret prints `[redacted]`. */
function plain(value: unknown): FieldValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  try {
    return String(value as { toString(): string });
  } catch {
    return '[unprintable]';
  }
}

function jsonValue(value: FieldValue): string {
  return typeof value === 'string' ? quoteText(value, VALUE_LIMIT) : String(value);
}

function bounded(parts: readonly string[], cutMark: string): string {
  let text = '';
  for (const [at, part] of parts.entries()) {
    if (at >= FIELD_LIMIT || text.length + part.length > LINE_LIMIT) return text + cutMark;
    text += part;
  }
  return text;
}

interface FloodGate {
  passes(event: string): boolean;
}

function createFloodGate(clock: Clock, dropped: (event: string, count: number) => void): FloodGate {
  const windows = new Map<string, { startMs: number; lines: number }>();
  const open = (event: string): { startMs: number; lines: number } => {
    const window = { startMs: clock.monotonic(), lines: 0 };
    windows.set(event, window);
    return window;
  };
  return {
    passes(event) {
      const name = windows.has(event) || windows.size < EVENT_LIMIT ? event : OTHER_EVENTS;
      const known = windows.get(name);
      const stale = known === undefined || clock.monotonic() - known.startMs >= WINDOW_MS;
      const window = stale ? open(name) : known;
      window.lines++;
      if (window.lines === LINES_PER_WINDOW + 1) {
        const restMs = window.startMs + WINDOW_MS - clock.monotonic();
        clock.after(restMs, () => dropped(name, window.lines - LINES_PER_WINDOW));
      }
      return window.lines <= LINES_PER_WINDOW;
    },
  };
}
