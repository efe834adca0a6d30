import { runCompileThread } from '../../../src/main/compile-thread.ts';
import { createOfflineOddKinds } from './kinds.ts';

runCompileThread(createOfflineOddKinds());
