// Where the engine keeps codes, tokens and grants: memory, as long as the process lives.
//
// The engine's own memory store drops what has expired, so an expired device code would be an unknown one and `expired_token` could never
// be seen. This one keeps everything; the engine looks at the expiry itself.

const models = new Map(); // name of the model -> id -> payload

/** Everything stored of one model ("DeviceCode", "AccessToken", ...), by id. */
export function storedModels(name) {
  if (!models.has(name)) models.set(name, new Map());
  return models.get(name);
}

/** The engine's adapter contract: one instance for each model. */
export class MemoryAdapter {
  constructor(name) {
    this.entries = storedModels(name);
  }

  async upsert(id, payload) {
    this.entries.set(id, payload);
  }

  async find(id) {
    return this.entries.get(id);
  }

  async findByUid(uid) {
    return this.#first((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#first((payload) => payload.userCode === userCode);
  }

  /** A refresh token is used up, but remembered: its second use is how the engine finds out that it was stolen. */
  async consume(id) {
    const payload = this.entries.get(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.entries.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, payload] of this.entries) {
      if (payload.grantId === grantId) this.entries.delete(id);
    }
  }

  #first(matches) {
    return [...this.entries.values()].find(matches);
  }
}
