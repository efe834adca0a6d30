/** What was found of the limit of open files, in words. */
export interface OpenFilesStanding {
  readonly few: boolean;
  readonly words: string;
}

/** What bounds networks and idle connections leaves room for everybody else only where a thousand clients fit in and more. */
const ENOUGH = 4_096;

/**
 * Judges how many files and connections a process may have open (RLIMIT_NOFILE), null for no limit or one that is not
 * known. A client takes two where it has an upstream's connection to itself. Below 4,096 they are few: one network may have
 * 256, so a handful of them take all.
 */
export function judgeOpenFiles(limit: number | null): OpenFilesStanding {
  if (limit === null) return { few: false, words: 'no limit of open files is known' };
  const words = `${limit.toLocaleString('en')} files and connections may be open at once`;
  // Also what is no number is not enough.
  return { few: !(limit >= ENOUGH), words };
}

/** How the limit is raised. */
export const RAISE_OPEN_FILES =
  '`LimitNOFILE=65536` in a unit of systemd, `--ulimit nofile=65536` for a container, `ulimit -n 65536` in a shell';
