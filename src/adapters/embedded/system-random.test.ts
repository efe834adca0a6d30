import { randomContract } from '../../ports/random-contract.ts';
import { createSystemRandom } from './system-random.ts';

randomContract('the system’s randomness', createSystemRandom);
