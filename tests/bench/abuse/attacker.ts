import { ATTACKS } from './attacks.ts';

// Attacks a gateway until it is ended: `attacker.ts NAME PORT`.
const [name = '', port = ''] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`there is no attack ${name}`);
// A peer that ends connections in all ways is what an attacker expects.
process.on('uncaughtException', () => {});
await attack(Number(port));
