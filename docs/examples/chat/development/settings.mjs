// SPDX-License-Identifier: Apache-2.0
// What the stand-ins and the configuration of the gateway have in common. Whoever changes a port or a
// name here changes it in turnpike.yaml, openapi.yaml and websocket.yaml, too.
export const region = 'us-east-1';
export const pool = 'us-east-1_Chat00001';
export const client = 'chatpage0000000000000000000';
export const table = 'chat';
export const issuerDomain = `https://cognito-idp.${region}.amazonaws.com`;

export const host = process.env.STAND_INS_HOST ?? '127.0.0.1';
export const cognitoPort = 9229;
export const dynamoPort = 8000;
export const lambdaEndpoint = process.env.LAMBDA_ENDPOINT ?? 'http://127.0.0.1:3001';

export const accounts = [
  { email: 'ann@example.com', name: 'Ann', groups: ['moderators', 'writers'] },
  { email: 'bob@example.com', name: 'Bob', groups: ['writers'] },
  { email: 'eve@example.com', name: 'Eve', groups: [] },
];
export const password = 'Chat-demo-1';
export const groups = ['writers', 'moderators'];

export const rooms = [
  { name: 'lobby', topic: 'Whatever comes up' },
  { name: 'cooking', topic: 'What is for dinner?' },
];
