import { ok, type Result } from '../base/index.ts';
import type { Finding, SourceOf, SourcePorts, SourceSink, StopSource } from './source.ts';
import { faultWords } from './source.ts';

/** A thousand targets fit in many times over. */
const FILE_LIMIT_BYTES = 1024 * 1024;
/** An editor may take a file away for a moment before it puts the new one there. */
const ABSENCE_MS = 1_000;

/** Reads a list of targets now, and at once whenever it has changed. */
export function startFile({ path }: SourceOf<'file'>, ports: SourcePorts, sink: SourceSink): StopSource {
  let stopped = false;
  let timer: { cancel(): void } | null = null;
  let looks = 0;
  const look = async (patient: boolean): Promise<void> => {
    const number = ++looks;
    timer?.cancel();
    const found = await read(path, ports).catch(
      (fault: unknown) => ({ kind: 'failed', detail: faultWords(fault) }) as const,
    );
    // A later change is being read already.
    if (stopped || number !== looks) return;
    if (found.kind === 'found') sink.found(found);
    else if (found.kind === 'missing' && patient) timer = ports.clock.after(ABSENCE_MS, () => void look(false));
    else sink.failed(found.detail);
  };
  const stopWatching = ports.files.watch(path, () => void look(true));
  void look(false);
  return () => {
    stopped = true;
    timer?.cancel();
    stopWatching();
  };
}

type FileLook =
  | (Finding & { readonly kind: 'found' })
  | { readonly kind: 'missing' | 'failed'; readonly detail: string };

async function read(path: string, ports: SourcePorts): Promise<FileLook> {
  const bytes = await ports.files.read(path, FILE_LIMIT_BYTES);
  if (!bytes.ok) {
    const { reason, detail } = bytes.error;
    return { kind: reason === 'missing' ? 'missing' : 'failed', detail: `it can not be read: ${detail}` };
  }
  const targets = ports.readTargets(bytes.value, path);
  return targets.ok ? { kind: 'found', targets: targets.value, notes: [] } : { kind: 'failed', detail: targets.error };
}

/** Reads a file of text that another program may replace at any time, such as a token; the error is in words. */
export async function readSmallFile(path: string, ports: Pick<SourcePorts, 'files'>): Promise<Result<string, string>> {
  const bytes = await ports.files.read(path, FILE_LIMIT_BYTES);
  if (!bytes.ok) return { ok: false, error: `a file can not be read: ${bytes.error.detail}` };
  return ok(Buffer.from(bytes.value).toString('utf8').trim());
}
