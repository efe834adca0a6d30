import { runGatewayThread } from './gateway-thread.ts';
import { createKinds } from './kinds.ts';

runGatewayThread((ports) => createKinds(ports));
