import type { GrpcMessagesConfig, OpenapiResponseConfig, ReplyRules } from '../policy/index.ts';
import type { ReplyKeys } from './reply-keys.ts';
import type { ApiConfig, OperationConfig, PolicyMode, PolicyUse, ValidateConfig } from './config.ts';

/** What one operation says, or an API of all. */
type Said = Pick<OperationConfig, 'validate' | 'replies' | 'websocket'>;

/** By what the replies of an operation are judged; null where they are not. `own` null: as the API says. */
export function replyRules(api: Pick<ApiConfig, 'validate' | 'replies'>, own: Said | null): ReplyRules | null {
  const validate = own?.validate ?? api.validate;
  if (validate === 'requests') return null;
  // Nobody reads the frames of a WebSocket, and to observe must not keep one from being offered.
  if (validate === 'observe') return own !== null && own.websocket !== null ? null : OBSERVED;
  return {
    undescribed: own?.replies.undescribed ?? api.replies.undescribed ?? 'drop',
    headers: own?.replies.responseHeaders ?? api.replies.responseHeaders ?? 'pass',
  };
}

const OBSERVED: ReplyRules = { undescribed: 'report', headers: 'pass' };

/** The policy that judges replies; none where no operation says so, or where nothing describes them. */
export function replyPolicy(api: ApiConfig): readonly PolicyUse[] {
  if (api.source.kind !== 'openapi') return [];
  const rules = replyRules(api, null);
  const own = Object.entries(api.operations).filter(([, said]) => saysOfReplies(said));
  const operations = own.map(([name, said]) => [name, replyRules(api, said)] as const);
  const first = own.find(([, said]) => replyRules(api, said) !== null);
  if (rules === null && first === undefined) return [];
  const modes = own.map(([name, { validate }]) => [name, modeOf(validate ?? api.validate)] as const);
  const config: OpenapiResponseConfig = { rules, operations: Object.fromEntries(operations) };
  const path = rules === null ? (first?.[1].path ?? api.path) : api.path;
  return [
    {
      kind: 'openapi-response',
      name: `${api.name}/openapi-response`,
      config,
      mode: modeOf(api.validate),
      modes: Object.fromEntries(modes),
      path: `${path}.validate`,
    },
  ];
}

/** The policy that judges messages of gRPC, both ways, where an API is described by descriptors. */
export function messagesPolicy(api: ApiConfig): readonly PolicyUse[] {
  if (api.source.kind !== 'descriptors') return [];
  const own = Object.entries(api.operations).filter(([, said]) => saysOfReplies(said));
  const config: GrpcMessagesConfig = {
    replies: replyRules(api, null),
    operations: Object.fromEntries(own.map(([name, said]) => [name, replyRules(api, said)])),
  };
  return [
    {
      kind: 'grpc-messages',
      name: `${api.name}/grpc-messages`,
      config,
      mode: modeOf(api.validate),
      modes: Object.fromEntries(own.map(([name, { validate }]) => [name, modeOf(validate ?? api.validate)])),
      path: `${api.path}.descriptors`,
    },
  ];
}

function modeOf(validate: ValidateConfig): PolicyMode {
  return validate === 'observe' ? 'observe' : 'enforce';
}

function saysOfReplies({ validate, replies, websocket }: Said): boolean {
  return validate !== null || websocket !== null || namesSaid(replies).length > 0;
}

/** The keys of which something is said. */
export function namesSaid(keys: ReplyKeys): readonly (keyof ReplyKeys)[] {
  return (['undescribed', 'responseHeaders'] as const).filter((key) => keys[key] !== null);
}

/** Whether the replies of an operation must be as they are described. */
export function isStrict({ validate, operations }: ApiConfig, operation: string): boolean {
  const own = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  return (own?.validate ?? validate) === 'strict';
}

/** Whether those of any operation must be. */
export function isAnywhereStrict(api: ApiConfig): boolean {
  return [api, ...Object.values(api.operations)].some(({ validate }) => validate === 'strict');
}
