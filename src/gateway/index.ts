export { compile, type CompileContext, kindTable, type KindTable, verify } from './compile.ts';
export { createGateway, type Gateway } from './gateway.ts';
export { createGatewayMetrics, type GatewayMetrics } from './metrics.ts';
export type { GatewayPorts } from './runtime.ts';
export type { CompiledOperation, Snapshot } from './snapshot.ts';
export { GatewayThread, type GatewayThreadOptions } from './gateway-thread.ts';
export { Router } from './router.ts';
export type { FromThread, ListenPlan, OpenPorts, ThreadStatus, ToThread } from './thread-protocol.ts';
export {
  type CanonicalForm,
  explain,
  type ExplainedRoute,
  type ExplainedStep,
  type ExplainedVerdict,
  type Explanation,
  type Question,
} from './explain.ts';
