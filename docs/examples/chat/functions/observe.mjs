// SPDX-License-Identifier: Apache-2.0
// What all functions of the chat log and count with: Powertools for AWS Lambda, as on AWS. Logs are
// JSON on stdout, metrics likewise, in CloudWatch's embedded format.
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

export const logger = new Logger({ serviceName: 'chat' });
const metrics = new Metrics({ namespace: 'Chat', serviceName: 'chat' });

export function count(name, value = 1) {
  metrics.addMetric(name, MetricUnit.Count, value);
}

/** Wraps a handler: its lines carry the request's ID, what it has counted is written when it ends. */
export function observed(handler) {
  return async (event, context) => {
    logger.addContext(context);
    logger.setCorrelationId(event.requestContext?.requestId ?? context.awsRequestId);
    metrics.setFunctionName(context.functionName);
    metrics.captureColdStartMetric();
    try {
      return await handler(event, context);
    } catch (error) {
      logger.error('the function failed', error);
      throw error;
    } finally {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    }
  };
}
