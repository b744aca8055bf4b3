// An identity provider made with npm's oidc-provider, over TLS on this machine. Its one argument is a JSON object:
// modules, port, cert, key, jwk, clients, people (by account: their claims), nonce (32 letters; empty wants none).
// Whoever types the name of an account is signed in as that; the account "app" has to have a second factor.
import { readFileSync } from 'node:fs';
import https from 'node:https';

const wish = JSON.parse(process.argv[2]);
const { default: Provider } = await import(`${wish.modules}/oidc-provider/lib/index.js`);

const provider = new Provider(wish.issuer, {
  clients: wish.clients,
  jwks: { keys: wish.keys },
  cookies: { keys: ['a key of this test'] },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'groups'],
    email: ['email', 'email_verified'],
    acr: null, amr: null, auth_time: null, sid: null, iss: null,
  },
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  features: {
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, ...(wish.nonce ? { nonceSecret: Buffer.from(wish.nonce), requireNonce: () => true } : {}) },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256', 'EdDSA'] },
  pkce: { required: () => true, methods: ['S256'] },
  findAccount: (ctx, id) => (wish.people[id] ? { accountId: id, claims: async () => ({ sub: id, ...wish.people[id] }) } : undefined),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant(ctx) {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (ctx, error) => console.error('server_error', error.stack));
for (const each of ['pushed_authorization_request.error', 'authorization.error', 'grant.error', 'introspection.error', 'revocation.error', 'userinfo.error']) {
  provider.on(each, (ctx, error) => console.error(each, error.error, error.error_description, error.error_detail ?? ''));
}
const handle = provider.callback();

const read = async (request) => {
  let text = '';
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
};

https.createServer({ cert: readFileSync(wish.cert), key: readFileSync(wish.cert) }, async (request, response) => {
  try {
    const path = request.url.split('?')[0];
    console.log(request.method, path);
    if (path === '/control/forget') {
      // Somebody is removed there.
      delete wish.people[(await read(request)).get('account')];
      response.end('ok');
    } else if (path === '/control/say') {
      const form = await read(request);
      Object.assign(wish.people[form.get('account')], JSON.parse(form.get('claims')));
      response.end('ok');
    } else if (path.startsWith('/interaction/')) {
      const details = await provider.interactionDetails(request, response);
      if (details.prompt.name === 'consent') {
        const grant = new provider.Grant({ clientId: details.params.client_id, accountId: details.session.accountId });
        grant.addOIDCScope(details.params.scope);
        const result = { consent: { grantId: await grant.save() } };
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
      } else if (request.method === 'POST') {
        const account = (await read(request)).get('account');
        const amr = account === 'app' ? ['pwd', 'otp', 'mfa'] : ['pwd'];
        const result = account ? { login: { accountId: account, amr } } : { error: 'access_denied', error_description: 'called off' };
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      } else {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(`<!doctype html><html lang="en"><title>Sign in at the provider</title><h1>The provider</h1>
<form class="fields" method="post" action="${path}"><label for="account">Account</label> <input id="account" name="account">
<button>Sign in there</button></form></html>`);
      }
    } else {
      await handle(request, response);
    }
  } catch (error) {
    console.error(error.stack);
    response.statusCode = 500;
    response.end('broken');
  }
}).listen(wish.port, '127.0.0.1', () => console.log('listening'));
