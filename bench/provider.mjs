// npm's oidc-provider, one process, plain HTTP, for measuring: with everything in memory or, where there is one, in Redis.
// Whoever comes is signed in as alice at once. Its one argument is a JSON object: modules, port, client, secret, callback,
// and the port of Redis, 0 for memory.
const wish = JSON.parse(process.argv[2]);
const { default: Provider } = await import(`${wish.modules}/oidc-provider/lib/index.js`);
const { generateKeyPair, exportJWK } = await import(`${wish.modules}/jose/dist/node/esm/index.js`);

// The adapter that comes along forgets after a thousand entries, which is fewer than one round makes.
const kept = new Map();
const grants = new Map();
class Memory {
  constructor(name) {
    this.name = name;
  }
  async upsert(id, payload) {
    const key = `${this.name}:${id}`;
    kept.set(key, payload);
    if (payload.uid) kept.set(`uid:${payload.uid}`, key);
    if (payload.grantId && this.name !== 'Session') {
      if (!grants.has(payload.grantId)) grants.set(payload.grantId, new Set());
      grants.get(payload.grantId).add(key);
    }
  }
  async find(id) {
    return kept.get(`${this.name}:${id}`);
  }
  async findByUid(uid) {
    return kept.get(kept.get(`uid:${uid}`));
  }
  async findByUserCode() {
    return undefined;
  }
  async destroy(id) {
    kept.delete(`${this.name}:${id}`);
  }
  async consume(id) {
    kept.get(`${this.name}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }
  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) kept.delete(key);
    grants.delete(grantId);
  }
}

// What is given out outlives the process, as an operator has it: one key each, consumed ones marked beside it.
let redis;
if (wish.redis) {
  const { default: Redis } = await import(`${wish.modules}/ioredis/built/index.js`);
  redis = new Redis(wish.redis, '127.0.0.1', { enableAutoPipelining: true });
}
class Lasting {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload, seconds) {
    const key = this.key(id);
    const steps = redis.multi();
    steps.hset(key, 'payload', JSON.stringify(payload));
    if (seconds) steps.expire(key, seconds);
    if (payload.uid) steps.set(`uid:${payload.uid}`, id, 'EX', seconds || 86400);
    if (payload.grantId && this.name !== 'Session') {
      steps.sadd(`grant:${payload.grantId}`, key);
      steps.expire(`grant:${payload.grantId}`, 86400);
    }
    await steps.exec();
  }
  async find(id) {
    const { payload, consumed } = await redis.hgetall(this.key(id));
    return payload && { ...JSON.parse(payload), ...(consumed && { consumed: Number(consumed) }) };
  }
  async findByUid(uid) {
    const id = await redis.get(`uid:${uid}`);
    return id ? this.find(id) : undefined;
  }
  async findByUserCode() {
    return undefined;
  }
  async destroy(id) {
    await redis.del(this.key(id));
  }
  async consume(id) {
    await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
  }
  async revokeByGrantId(grantId) {
    const keys = await redis.smembers(`grant:${grantId}`);
    await redis.del(`grant:${grantId}`, ...keys);
  }
}

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
const provider = new Provider(`http://127.0.0.1:${wish.port}`, {
  clients: [
    {
      client_id: wish.client,
      client_secret: wish.secret,
      redirect_uris: [wish.callback],
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  adapter: redis ? Lasting : Memory,
  jwks: { keys: [key] },
  cookies: { keys: ['a key of this benchmark'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:bench',
      useGrantedResource: () => true,
      // Signed ones are made, as ours are; it keeps, and so can look at, only those that are not.
      getResourceServerInfo: (ctx, resource) =>
        resource === 'urn:kept'
          ? { scope: 'openid', audience: resource, accessTokenFormat: 'opaque' }
          : { scope: 'openid', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
    },
  },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  pkce: { required: () => true, methods: ['S256'] },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Session: 86400, Grant: 86400, IdToken: 600, Interaction: 600 },
  findAccount: (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant(ctx) {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid');
    grant.addResourceScope('urn:bench', 'openid');
    grant.addResourceScope('urn:kept', 'openid');
    await grant.save();
    return grant;
  },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'alice' } });
  ctx.respond = false;
});
provider.listen(wish.port, '127.0.0.1');
