/**
 * Why an archive is refused. `malformed`: its format is broken, or it can be read in two ways. `overlap`: two entries
 * share bytes. `name`: an entry would be put outside of the folder that it is unpacked into, or two have one name.
 * `link`: an entry is no file and no folder. `encrypted`: it can't be looked into without a password. `unopened`: it is
 * packed in a way that nobody here unpacks. `entries`, `bytes`, `ratio`, `depth`: it holds more than it may.
 * `held`: an archive in it is larger than what is held in memory. `macro`: a document that runs programs when it is
 * opened. `type`: it holds other things than a document of its type does.
 */
export type ArchiveFault =
  | 'malformed'
  | 'overlap'
  | 'name'
  | 'link'
  | 'encrypted'
  | 'unopened'
  | 'entries'
  | 'bytes'
  | 'ratio'
  | 'depth'
  | 'held'
  | 'macro'
  | 'type';
