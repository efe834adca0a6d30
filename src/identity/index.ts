export { type DemoIssuer, type DemoIssuerOptions, startDemoIssuer } from './demo-issuer.ts';
export type { DemoClient } from './demo-provider.ts';
