export { networkOf } from './address-network.ts';
export { addressReach, type AddressReach, isLoopback } from './address-reach.ts';
export { AddressSet, isEverything } from './address-set.ts';
export { BANNER_FIELDS, type BannerName, BANNERS } from './banner-fields.ts';
export { Bitset } from './bitset.ts';
export { canonicalAddress } from './canonical-address.ts';
export { type AddressBytes, Cidr, parseAddress } from './cidr.ts';
export { CSP_REPORTS_PATH, type CspReport } from './csp-report.ts';
export { type DiskSpace, judgeSpace, type SpaceStanding } from './disk-space.ts';
export { parseDuration, parseSize } from './duration.ts';
export type { CoverageCell, CoverageRow, Finding, Severity } from './finding.ts';
export { GRPC_STATUSES, type GrpcStatus } from './grpc-status.ts';
export { hexValue } from './hexadecimal.ts';
export { createIdSource, type FillRandom, isRequestId } from './id.ts';
export { errorIssue, formatIssue, type Issue, type Place } from './issue.ts';
export { LineBudget } from './line-budget.ts';
export { didYouMean, nearestName } from './nearest.ts';
export { judgeNode, type NodeStanding } from './node-floor.ts';
export { judgeOpenFiles, type OpenFilesStanding, RAISE_OPEN_FILES } from './open-files.ts';
export type { OriginalEntry } from './original.ts';
export {
  isProblemCode,
  type Problem,
  PROBLEM_MEDIA_TYPE,
  problemBody,
  problemCatalogue,
  problemCloses,
  type ProblemCode,
  type ProblemError,
  problemStatus,
} from './problem.ts';
export {
  type ChangeRecord,
  type CleanedParts,
  type CompletionRecord,
  type IntentRecord,
  type LedgerRecord,
  type Observations,
  OBSERVED_RULES_LIMIT,
  type ObservedRule,
  RECORD_VERSION,
  type RecordedVerdict,
} from './record.ts';
export { type RefusalSum, refusalSumFields, refusalSumOf } from './refusal-sum.ts';
export { err, ok, type Result } from './result.ts';
export { Secret, secretLine } from './secret.ts';
export {
  type BareItem,
  type FieldDictionary,
  type FieldItem,
  type FieldList,
  type FieldMember,
  type FieldParameters,
  type InnerList,
  LARGEST_INTEGER,
} from './structured-field.ts';
export {
  type FieldFault,
  readFieldDictionary,
  readFieldItem,
  readFieldList,
} from './structured-field-reader.ts';
export {
  writeBareItem,
  writeFieldDictionary,
  writeFieldItem,
  writeFieldList,
} from './structured-field-writer.ts';
export { internetAddressFault, upstreamAddressFault } from './upstream-address.ts';
export { bearerKey } from './bearer-key.ts';
export { webhookKey } from './webhook-key.ts';
