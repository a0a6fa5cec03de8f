#include "core/outbox/claim_batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/store/key_hash.h"

void
claim_batch_release(struct claim_batch *b)
{
    free(b->items);
    *b = (struct claim_batch){0};
}

static size_t
bit_of(const char *address)
{
    return (uint64_t)key_hash_text(address, strlen(address)) % (CLAIM_BATCH_WORDS * UINT64_C(64));
}

bool
claim_batch_may_hold(const struct claim_batch *b, const char *address)
{
    const size_t bit = bit_of(address);

    return (b->seen[bit / 64] >> bit % 64 & 1) != 0;
}

void
claim_batch_add(struct claim_batch *b, const struct attempt_claim *claim)
{
    const size_t bit = bit_of(claim->address);

    b->items = mem_grow(b->items, b->count, &b->capacity, sizeof *b->items);
    b->items[b->count++] = *claim;
    b->seen[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool
claim_batch_write(struct claim_batch *b, struct db *ledger, struct attempt_claims common,
                  struct claim *last, struct error *err)
{
    int64_t first_id = 0;

    if (b->count == 0)
        return true;
    common.items = b->items;
    common.count = b->count;
    if (!attempts_claim(ledger, &common, &first_id, err))
        return false;
    for (size_t i = 0; i < b->count; i++)
        (last - b->count)[i].attempt_id = first_id + (int64_t)i;
    b->count = 0;
    memset(b->seen, 0, sizeof b->seen);
    return true;
}
