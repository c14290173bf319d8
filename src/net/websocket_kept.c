/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/xalloc.h"

#include "websocket_private.h"

void kept_messages_init(struct kept_messages *list)
{
    *list = (struct kept_messages){.end = &list->first};
}

struct kept_message *kept_messages_add(struct kept_messages *list, struct str bytes, bool binary)
{
    struct kept_message *message = xmalloc(sizeof(*message) + bytes.len);
    *message = (struct kept_message){.len = bytes.len, .binary = binary};
    if (bytes.len)
        memcpy(message->bytes, bytes.at, bytes.len);
    *list->end = message;
    list->end = &message->next;
    return message;
}

struct kept_message *kept_messages_take(struct kept_messages *list)
{
    struct kept_message *message = list->first;
    if (!message)
        return NULL;
    list->first = message->next;
    if (!list->first)
        list->end = &list->first;
    return message;
}

size_t kept_message_size(const struct kept_message *message)
{
    return sizeof(*message) + message->len;
}

void kept_message_free(struct kept_message *message)
{
    if (message)
        share_release(&message->share);
    free(message);
}

void kept_messages_release(struct kept_messages *list)
{
    while (list->first)
        kept_message_free(kept_messages_take(list));
}
