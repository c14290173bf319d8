// SPDX-License-Identifier: Apache-2.0
// A client of @connections that needs no package: the part of the AWS SDK's that the chat uses, with
// the same names. With the SDK installed, this import does the same:
//   import { ApiGatewayManagementApi } from '@aws-sdk/client-apigatewaymanagementapi';
import { createHash, createHmac } from 'node:crypto';

const SERVICE = 'execute-api';
const TIMEOUT = 5000;

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** As RFC 3986 has it: encodeURIComponent leaves five characters more. */
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function credentialsOf(env) {
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
  };
}

/** The headers of a request signed with AWS Signature Version 4. */
export function sign({ method, url, body, region, credentials, date = new Date() }) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = date.toISOString().replace(/[-:]|\.\d{3}/g, ''); // 20150830T123600Z
  const scope = [time.slice(0, 8), region, SERVICE, 'aws4_request'];
  const headers = { host: url.host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time };
  if (sessionToken) headers['x-amz-security-token'] = sessionToken;

  const names = Object.keys(headers); // in the order of the alphabet already
  const path = url.pathname.split('/').map(encode).join('/'); // what is encoded is encoded again
  const fields = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = [method, path, '', fields, names.join(';'), sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

export class ApiGatewayManagementApi {
  constructor({ endpoint, region = process.env.AWS_REGION, credentials = credentialsOf(process.env) }) {
    Object.assign(this, { endpoint, region, credentials });
  }

  async postToConnection({ ConnectionId, Data }) {
    const url = new URL(`${this.endpoint}/@connections/${encode(ConnectionId)}`);
    const body = Buffer.from(Data);
    const response = await fetch(url, {
      method: 'POST',
      headers: sign({ method: 'POST', url, body, region: this.region, credentials: this.credentials }),
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const text = await response.text();
    if (response.ok) return {};
    throw Object.assign(new Error(text || String(response.status)), {
      name: response.headers.get('x-amzn-errortype')?.split(':')[0] ?? 'UnknownError', // GoneException, …
      $metadata: { httpStatusCode: response.status },
    });
  }
}
