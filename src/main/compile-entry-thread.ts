import { runCompileThread } from './compile-thread.ts';
import { createOfflineKinds } from './kinds.ts';

runCompileThread(createOfflineKinds());
