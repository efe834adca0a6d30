import { runGatewayThread } from '../../../src/main/gateway-thread.ts';
import { createOddKinds } from './kinds.ts';

runGatewayThread(createOddKinds);
