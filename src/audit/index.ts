export { createLedgerClient, type LedgerClient } from './ledger-client.ts';
export type { LedgerCondition } from './ledger-condition.ts';
export { LedgerWriter, type LedgerWriterOptions } from './ledger-writer.ts';
export type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
export { createPseudonyms, type Pseudonymous } from './pseudonyms.ts';
export { clearRecordRing, createRecordRing } from './record-ring.ts';
export { type ChainBreak, type LoggedRecord, type LogReport, type LogWish, readLog } from './read-log.ts';
export { parseObject } from './record-text.ts';
