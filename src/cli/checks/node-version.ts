import { judgeNode } from '../../base/index.ts';
import { type Diagnosis, fine, warn } from './diagnosis.ts';

/** The version of Node that runs this. */
export function checkNode(version: string): Diagnosis {
  const { below, floor, words } = judgeNode(version);
  if (!below) return fine('node', words);
  const wanted = floor === null ? 'a release line with long-term support' : `Node ${floor} or newer`;
  return warn('node', words, `update portcullis, which brings its own Node; until then, run it with ${wanted}`);
}
