/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_DIRECTORY_PRIV_H
#define APP_DIRECTORY_PRIV_H

#include <sys/stat.h>

#include "app/address.h"
#include "app/directory.h"

/**
 * @file directory_priv.h  Inside the directory: directory*.c only.
 */

enum { DIRECTORY_FILES = 8 };

struct entry {
	struct contact c;
	unsigned file; /* of directory.files */
	unsigned line;
	unsigned at; /* in directory.v */
	char *user, *host;
	bool number;
	uint64_t hash;
	struct letter *letters; /* of the name                          */
	unsigned letterc;
	char *sort; /* compared as bytes; by the user's language */
	size_t sortlen;
};

struct file {
	char path[PATH_MAX_LEN];
	bool known;  /* it could be read                            */
	bool failed; /* and now it cannot, which was told           */
	bool recent; /* so new that it may change within its time stamp */
	bool vcard;
	struct stat st;     /* when it was read */
	uint64_t hash;      /* of its text      */
	unsigned lost_line; /* 0: to write it again loses nothing */
	char lost[CONTACT_WHY_MAX];
};

struct directory {
	struct file files[DIRECTORY_FILES];
	unsigned filec;
	struct entry **v; /* by name */
	unsigned n;
	struct entry **by_hash; /* the same, by hash, then by name */
};

/** First entry with this user part (of directory.by_hash), n: none */
unsigned directory_run(const struct directory *d, uint64_t hash);

/** Is it the same party's? */
bool directory_same(const struct entry *e, const struct address_key *key);

/** Read a file of ours (again); *wrongp: lines.  0, EALREADY (the same as
 *  before), or errno: then what was known stays */
int directory_read(struct directory *d, unsigned file, unsigned *wrongp);

/** For errno in words */
const char *directory_error(int err);

#endif
