/* SPDX-License-Identifier: Apache-2.0 */
/* intrinsics.h: the functions that CloudFormation and SAM put into a document where a string may
 * stand: Ref, Fn::Sub, Fn::GetAtt, by map key or YAML tag, and API Gateway's own AWS variables
 * (AWS: "AWS variables for OpenAPI import"). */
#ifndef TURNPIKE_LOAD_INTRINSICS_H
#define TURNPIKE_LOAD_INTRINSICS_H

#include "turnpike/load/doc.h"
#include "turnpike/model/snapshot.h"

/* What a document may name. Borrows everything; lives on the loader's stack. */
struct intrinsics {
    struct arena *arena; /* results live here */
    struct diag *diag;
    const struct snapshot *snapshot; /* region, account, functions by name */
    const struct api *api;           /* definition_parameters */
};

/* The long name ("Fn::Sub", "Ref") of the function that node is, as a map with one member or by its
 * tag; empty where it is none. Names that CloudFormation does not know come back too. */
struct str intrinsics_name(const struct intrinsics *in, const struct doc *node);

/* Reports the function that node is as one that cannot stand here, or cannot stand anywhere. */
void intrinsics_refuse(const struct intrinsics *in, const struct doc *node);

/* The text of a scalar (not null) or of Ref, Fn::Sub or Fn::GetAtt. In every text
 * ${AWS::Region}, ${AWS::AccountId} and ${AWS::Partition} are replaced; within Fn::Sub the names
 * are, in this order: those of its own map, pseudo parameters (AWS::Region, AWS::AccountId,
 * AWS::Partition, AWS::URLSuffix), definition parameters, X.Arn of a function X, functions by name.
 * ${stageVariables.x} stays as it is: it belongs to the stage. False where something was reported:
 * another kind of node, an unknown name, a function that is not supported, a text beyond 1 MiB. */
MUST_USE bool intrinsics_text(const struct intrinsics *in, const struct doc *node,
                              struct str *ret_text);

#endif
