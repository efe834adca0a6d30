/** No more clients than this at once, however many descriptors there are. */
const MOST_CONNECTIONS = 10_000;
/** Kept for files, the admin port, and what the process itself has open. */
const RESERVED = 64;
/** Kept for each gateway thread besides: its event loop, and its two listeners. */
const RESERVED_PER_THREAD = 12;

/**
 * How many client connections of all gateway threads a limit of open descriptors allows: each may need another one to an upstream, and one
 * that is accepted and then can't be served is worse than one that is refused. A limit of null is none.
 */
export function connectionsFor(descriptorLimit: number | null, threads: number): number {
  if (descriptorLimit === null) return MOST_CONNECTIONS;
  return Math.max(
    1,
    Math.min(MOST_CONNECTIONS, Math.floor((descriptorLimit - RESERVED - RESERVED_PER_THREAD * threads) / 2)),
  );
}

/** The soft limit of open descriptors (RLIMIT_NOFILE), or null where there is none or it is not known. */
export function descriptorLimit(): number | null {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  // Without this the report looks up the names of every open connection.
  report.excludeNetwork = true;
  const limits = (report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }).userLimits;
  const soft = limits?.open_files?.soft;
  return typeof soft === 'number' ? soft : null;
}
