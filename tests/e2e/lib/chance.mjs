// Chance that can be had again: everything random of a test comes from one seed, which its failure shows.

// Which seed: that of the environment (SEED=…), else a new one.
export const newSeed = () => Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

export class Chance {
  constructor(seed) { Object.assign(this, { seed, state: seed >>> 0 }); }

  // At least 0, less than 1 (a generator of 32 bits of state, mulberry32).
  next() {
    let z = (this.state = (this.state + 0x6d2b79f5) >>> 0);
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  // A whole number from 0 on, below `end`.
  below(end) { return Math.floor(this.next() * end); }
  one(list) { return list[this.below(list.length)]; }
  happens(probability) { return this.next() < probability; }

  // A key of { key: weight }.
  weighted(weights) {
    let rest = this.next() * Object.values(weights).reduce((a, b) => a + b);
    for (const [key, weight] of Object.entries(weights)) if ((rest -= weight) < 0) return key;
    return Object.keys(weights).at(-1);
  }

  // Another one, whose numbers do not depend on how many of these were taken meanwhile.
  fork(number) { return new Chance((this.seed ^ Math.imul(number + 1, 0x9e3779b1)) >>> 0); }
}

// Runs a test's part; where it fails, the error tells the seed.
export async function seeded(seed, part) {
  try {
    return await part(new Chance(seed));
  } catch (error) {
    throw new Error(`SEED=${seed}: ${error.stack}`);
  }
}
