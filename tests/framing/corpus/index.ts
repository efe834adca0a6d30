import type { FramingCase } from '../case.ts';
import type { ReplyCase } from '../reply-case.ts';
import { bodyLengthCases } from './body-length.ts';
import { chunkCases } from './chunks.ts';
import { connectionUseCases } from './connection-use.ts';
import { fieldTrustCases } from './field-trust.ts';
import { headerSyntaxCases } from './header-syntax.ts';
import { hostCases } from './host.ts';
import { plainPortCases } from './plain-port.ts';
import { protocolSwitchCases } from './protocol-switch.ts';
import { requestLineCases } from './request-line.ts';
import { targetCases } from './target.ts';
import { replyCases as plainReplyCases } from './replies.ts';
import { transferEncodingCases } from './transfer-encoding.ts';
import { upgradeCases, upgradeReplyCases } from './upgrade.ts';

/** Every reply of the corpus. */
export const replyCases: readonly ReplyCase[] = [...plainReplyCases, ...upgradeReplyCases];

/** Every request of the corpus. */
export const requestCases: readonly FramingCase[] = [
  ...bodyLengthCases,
  ...transferEncodingCases,
  ...headerSyntaxCases,
  ...chunkCases,
  ...connectionUseCases,
  ...requestLineCases,
  ...targetCases,
  ...hostCases,
  ...fieldTrustCases,
  ...protocolSwitchCases,
  ...upgradeCases,
  ...plainPortCases,
];
