import type { Clock, Log } from '../ports/index.ts';

/** What could not be built may be built later: a file is read again, a table is filled. */
const AGAIN_AFTER_MS = 10_000;

/** What scenes are built of and with. */
export interface SceneOptions<Of, Scene> {
  /** What is in force; null for nothing. */
  readonly current: () => Of | null;
  /** Null where it can't be built. */
  readonly build: (of: Of) => Promise<Scene | null>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

interface Known<Of, Scene> {
  readonly of: Of;
  readonly scene: Promise<Scene | null>;
  failedAtMs: number | null;
}

/**
 * What was built of what is in force, once it is asked about: whoever asks for nothing pays nothing. What could not be
 * built is forgotten after ten seconds.
 */
export function keepScene<Of, Scene>({
  current,
  build,
  clock,
  log,
}: SceneOptions<Of, Scene>): () => Promise<Scene | null> {
  let known: Known<Of, Scene> | null = null;
  const isOver = ({ failedAtMs }: Known<Of, Scene>): boolean =>
    failedAtMs !== null && clock.monotonic() - failedAtMs >= AGAIN_AFTER_MS;
  return async () => {
    const of = current();
    if (of === null) return null;
    if (known === null || known.of !== of || isOver(known))
      known = { of, scene: built(build, of, log), failedAtMs: null };
    const asked = known;
    const scene = await asked.scene;
    if (scene === null) asked.failedAtMs ??= clock.monotonic();
    return scene;
  };
}

async function built<Of, Scene>(build: SceneOptions<Of, Scene>['build'], of: Of, log: Log): Promise<Scene | null> {
  try {
    return await build(of);
  } catch (fault) {
    const detail = fault instanceof Error ? fault.message : 'unknown fault';
    log.write('error', 'decision.unbuilt', 'what is in force could not be built for decisions', { detail });
    return null;
  }
}
