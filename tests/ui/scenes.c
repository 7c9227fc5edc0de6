/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/ui/scenes.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Seconds since 13:00:00 */
#define AT(h, m, s) (((h)-13) * 3600 + (m)*60 + (s))

#define NOW AT(14, 32, 7)

static const char people[] = "name,number,department,note\n"
			     "Alan Reyes,202,Sales,desk phone\n"
			     "Albert Kahn,217,Sales\n"
			     "Alice Nguyen,201,Sales\n"
			     "Bob Harris,205,Support\n"
			     "日本太郎,231,Tokyo\n"
			     "Priya Shah,209,Support\n"
			     "Zoë Brandt,240,Finance\n"
			     "Support queue,700,Support\n"
			     "Voicemail,*97\n"
			     "Carla Diaz,206,Support\n"
			     "Dmitri Volkov,210,Sales\n"
			     "Emma Stone,211,Sales\n"
			     "Farid Haddad,212,Legal\n"
			     "Grace Kim,213,Legal\n"
			     "Hugo Blanc,214,Sales\n"
			     "Ines Prado,215,Finance\n"
			     "Jonas Weber,216,Finance\n"
			     "Kenji Ito,232,Tokyo\n"
			     "Lea Roth,218,HR\n"
			     "Night desk,800,,closed\n";

static struct call_info caller(uint32_t id, enum call_state state,
			       const char *number, const char *name,
			       const char *local)
{
	struct call_info c = {.id = id, .dir = CALL_IN, .state = state};

	snprintf(c.peer, sizeof(c.peer), "sip:%s@pbx.example", number);
	text_copy(c.name, sizeof(c.name), name);
	text_copy(c.local, sizeof(c.local), local);

	return c;
}

static struct call_info dana(enum call_state state)
{
	return caller(8, state, "+442079460958", "Dana Ortiz", "main");
}

static struct call_info mueller(enum call_state state)
{
	return caller(7, state, "+4930901820", "Müller & Söhne", "sales");
}

static struct transfer_info move(uint32_t id, uint32_t call, const char *to)
{
	struct transfer_info x = {.id = id, .call = call};

	snprintf(x.target, sizeof(x.target), "sip:%s@pbx.example", to);

	return x;
}

static void report(struct stage *s, double t, struct transfer_info *x,
		   enum refer_state state, unsigned code, const char *text,
		   const char *say)
{
	x->state = state;
	x->code = code;
	text_copy(x->text, sizeof(x->text), text);
	if (say)
		text_copy(x->say, sizeof(x->say), say);
	stage_transfer(s, t, *x);
}

/* ---- before -------------------------------------------------------------- */

/* One who was sent on earlier, and how long that took */
static void moved(struct stage *s, double t, struct call_info c,
		  struct transfer_info x, double took)
{
	const bool good = x.outcome == OUTCOME_SUCCEEDED;

	c.state = CALL_RINGING;
	if (!desk_call(&s->desk, c.id))
		stage_call(s, t - 20, c);
	c.state = CALL_TALKING;
	stage_call(s, t - 15, c);
	c.state = CALL_HELD;
	stage_call(s, t - 1, c);
	x.outcome = OUTCOME_NONE;
	report(s, t, &x, REFER_IDLE, 0, "", "Holding the caller");
	report(s, t, &x, REFER_REQUESTED, 0, "", "Asking the PBX");
	x.refer_code = 202;
	report(s, t + 0.04, &x, REFER_ACCEPTED, 202, "Accepted", NULL);
	report(s, t + 0.11, &x, REFER_TRYING, 100, "Trying", NULL);
	x.outcome = good ? OUTCOME_SUCCEEDED : OUTCOME_FAILED;
	x.caller_back = !good;
	report(s, t + took, &x, good ? REFER_SUCCEEDED : REFER_FAILED,
	       good ? 200 : 480, good ? "OK" : "Temporarily Unavailable",
	       good ? "Transferred" : "The target is not there");
	c.state = good ? CALL_ENDED : CALL_TALKING;
	text_copy(c.text, sizeof(c.text), good ? "transferred" : "");
	stage_call(s, t + took, c);
}

static struct transfer_info done(struct transfer_info x, enum outcome outcome)
{
	x.outcome = outcome;

	return x;
}

static void morning(struct stage *s)
{
	struct transfer_info grace = move(3, 3, "213");

	grace.kind = KIND_ATTENDED;
	moved(s, AT(13, 31, 4),
	      caller(1, 0, "+12125550100", "Acme Ltd", "support"),
	      done(move(1, 1, "205"), OUTCOME_SUCCEEDED), 8.0);
	moved(s, AT(13, 40, 10), caller(2, 0, "+441134960001", "", "main"),
	      done(move(2, 2, "*97"), OUTCOME_SUCCEEDED), 0.9);
	moved(s, AT(13, 58, 2),
	      caller(3, 0, "+4930901821", "Müller & Söhne", "sales"),
	      done(grace, OUTCOME_SUCCEEDED), 4.8);
	moved(s, AT(14, 2, 10), caller(4, 0, "+15105550199", "Kim Lee", "main"),
	      done(move(4, 4, "240"), OUTCOME_FAILED), 6.0);
	moved(s, AT(14, 2, 40), caller(4, 0, "+15105550199", "Kim Lee", "main"),
	      done(move(5, 4, "201"), OUTCOME_SUCCEEDED), 5.0);
	moved(s, AT(14, 21, 12), caller(5, 0, "+14155550111", "", "main"),
	      done(move(6, 5, "700"), OUTCOME_SUCCEEDED), 1.1);
	moved(s, AT(14, 25, 35),
	      caller(6, 0, "+442079460951", "Dana Ortiz", "main"),
	      done(move(7, 6, "201"), OUTCOME_SUCCEEDED), 6.2);
}

/* ---- SIP ----------------------------------------------------------------- */

static void sip(struct stage *s, double t, bool tx, const char *first,
		const char *cseq)
{
	stage_sip(s, t, tx, 8, first, cseq, "", "");
}

static void notify(struct stage *s, double t, const char *cseq,
		   const char *state, const char *frag)
{
	char head[256], body[64];

	snprintf(head, sizeof(head),
		 "Event: refer;id=7\r\nSubscription-State: %s\r\n"
		 "Content-Type: message/sipfrag;version=2.0\r\n",
		 state);
	snprintf(body, sizeof(body), "SIP/2.0 %s\r\n", frag);
	stage_sip(s, t, false, 8,
		  "NOTIFY sip:100@192.0.2.4:5061;transport=tls SIP/2.0", cseq,
		  head, body);
	sip(s, t + 0.001, true, "SIP/2.0 200 OK", cseq);
}

/* A caller is called by the engine's own INVITE with this SDP */
static void hold(struct stage *s, double t, uint32_t call, const char *peer)
{
	char first[128];

	snprintf(first, sizeof(first), "INVITE sip:%s SIP/2.0", peer);
	stage_sip(s, t, true, call, first, "2 INVITE",
		  "To: <sip:dana@pbx.example>;tag=1\r\n"
		  "Content-Type: application/sdp\r\n",
		  "v=0\r\na=sendonly\r\n");
	stage_sip(s, t + 0.06, false, call, "SIP/2.0 200 OK", "2 INVITE", "",
		  "");
}

/* ---- scenes -------------------------------------------------------------- */

static void idle(struct stage *s)
{
	stage_at(s, NOW);
}

static void ring(struct stage *s)
{
	stage_call(s, AT(14, 26, 26), mueller(CALL_RINGING));
	stage_call(s, AT(14, 26, 30), mueller(CALL_TALKING));
	stage_call(s, AT(14, 29, 53), dana(CALL_RINGING));
	stage_call(s, AT(14, 30, 55), mueller(CALL_HELD));
	stage_call(s, AT(14, 30, 56), dana(CALL_TALKING));
	stage_keys(s, "8");
	stage_sip(s, NOW - 9, false, 9, "INVITE sip:100@pbx.example SIP/2.0",
		  "1 INVITE", "", "");
	stage_sip(s, NOW - 9, true, 9, "SIP/2.0 180 Ringing", "1 INVITE", "",
		  "");
	stage_keys(s, ":");
	stage_type(s, "dial 020");
	stage_call(
		s, NOW - 7,
		caller(9, CALL_RINGING, "+12125550147", "Acme Ltd", "support"));
	stage_type(s, "7946");
	stage_at(s, NOW);
}

static void three_calls(struct stage *s)
{
	struct call_info priya = {.id = 9, .dir = CALL_OUT};

	text_copy(priya.peer, sizeof(priya.peer), "sip:209@pbx.example");
	stage_call(s, AT(14, 26, 9), mueller(CALL_RINGING));
	stage_call(s, AT(14, 26, 19), mueller(CALL_TALKING));
	stage_call(s, AT(14, 29, 36), dana(CALL_RINGING));
	stage_call(s, AT(14, 29, 40), dana(CALL_TALKING));
	priya.state = CALL_TALKING;
	stage_call(s, AT(14, 31, 23), priya);
	priya.state = CALL_HELD;
	stage_call(s, AT(14, 31, 27), priya);
	stage_call(s, AT(14, 31, 50), dana(CALL_HELD));
	stage_at(s, NOW - 1);
}

static void pick(struct stage *s)
{
	three_calls(s);
	stage_keys(s, "7 t");
	stage_type(s, "al");
	stage_at(s, NOW);
}

static void help(struct stage *s)
{
	three_calls(s);
	stage_keys(s, "?");
	stage_at(s, NOW);
}

/* Dana talks, then is to be sent on to Alan, who is ringing */
static struct transfer_info ringing(struct stage *s)
{
	struct transfer_info x = move(8, 8, "202");
	const double t = AT(14, 32, 3);

	stage_call(s, AT(14, 29, 47), dana(CALL_RINGING));
	sip(s, AT(14, 29, 47), false, "INVITE sip:100@pbx.example SIP/2.0",
	    "1 INVITE");
	sip(s, AT(14, 29, 47), true, "SIP/2.0 180 Ringing", "1 INVITE");
	sip(s, AT(14, 29, 49) + 0.3, true, "SIP/2.0 200 OK", "1 INVITE");
	sip(s, AT(14, 29, 49) + 0.4, false, "ACK sip:100@192.0.2.4 SIP/2.0",
	    "1 ACK");
	stage_call(s, AT(14, 29, 49), dana(CALL_TALKING));
	x.state = REFER_IDLE;
	text_copy(x.say, sizeof(x.say), "Holding the caller");
	stage_transfer(s, t + 0.1, x);
	stage_call(s, t + 0.3, dana(CALL_HELD));
	stage_sip(s, t + 0.412, true, 8, "REFER sip:dana@192.0.2.10 SIP/2.0",
		  "3 REFER", "Refer-To: <sip:202@pbx.example>\r\n", "");
	report(s, t + 0.412, &x, REFER_REQUESTED, 0, "", "Asking the PBX");
	sip(s, t + 0.452, false, "SIP/2.0 202 Accepted", "3 REFER");
	x.refer_code = 202;
	report(s, t + 0.452, &x, REFER_ACCEPTED, 202, "Accepted", NULL);
	notify(s, t + 0.519, "11 NOTIFY", "active;expires=60", "100 Trying");
	report(s, t + 0.519, &x, REFER_TRYING, 100, "Trying", "Calling 202");
	notify(s, t + 0.931, "12 NOTIFY", "active;expires=57", "180 Ringing");
	report(s, t + 0.931, &x, REFER_ALERTED, 180, "Ringing",
	       "202 is ringing");

	return x;
}

static void blind(struct stage *s)
{
	(void)ringing(s);
	stage_at(s, NOW);
}

static void fail(struct stage *s)
{
	struct transfer_info x = ringing(s);

	app_line(&s->app, "set voicemail *{}");
	notify(s, AT(14, 32, 6) + 0.81, "13 NOTIFY",
	       "terminated;reason=noresource", "486 Busy Here");
	x.outcome = OUTCOME_FAILED;
	x.caller_back = true;
	report(s, AT(14, 32, 6) + 0.81, &x, REFER_FAILED, 486, "Busy Here",
	       "202 is busy; the caller is on hold");
	stage_at(s, NOW);
	stage_keys(s, "Tab");
}

static void ladder(struct stage *s)
{
	(void)ringing(s);
	stage_at(s, NOW);
	stage_keys(s, "l Up");
}

static void attended(struct stage *s)
{
	struct transfer_info x = move(8, 8, "202");
	struct call_info alan = {.id = 9, .dir = CALL_OUT, .consult_of = 8};

	x.kind = KIND_ATTENDED;
	text_copy(alan.peer, sizeof(alan.peer), x.target);
	stage_call(s, AT(14, 28, 51), dana(CALL_RINGING));
	stage_call(s, AT(14, 28, 55), dana(CALL_TALKING));
	report(s, AT(14, 31, 5), &x, REFER_IDLE, 0, "", "Holding the caller");
	hold(s, AT(14, 31, 5) + 0.1, 8, "dana@192.0.2.10");
	stage_call(s, AT(14, 31, 5) + 0.16, dana(CALL_HELD));
	stage_sip(s, AT(14, 31, 52) + 0.8, true, 9,
		  "INVITE sip:202@pbx.example SIP/2.0", "1 INVITE", "", "");
	alan.state = CALL_DIALING;
	stage_call(s, AT(14, 31, 52) + 0.8, alan);
	x.consult = 9;
	report(s, AT(14, 31, 52) + 0.8, &x, REFER_IDLE, 0, "", "Calling 202");
	stage_sip(s, AT(14, 31, 55), false, 9, "SIP/2.0 200 OK", "1 INVITE", "",
		  "");
	alan.state = CALL_TALKING;
	stage_call(s, AT(14, 31, 55), alan);
	report(s, AT(14, 31, 55), &x, REFER_IDLE, 0, "", "202 answered");
	stage_at(s, NOW);
}

const struct scene scenes[] = {
	{"idle", idle},     {"ring", ring},    {"pick", pick},
	{"blind", blind},   {"att", attended}, {"fail", fail},
	{"ladder", ladder}, {"help", help},    {NULL, NULL},
};

void scene_play(struct stage *s, const struct scene *scene)
{
	const struct account_info account = {
		.id = 1,
		.state = ACCOUNT_REGISTERED,
		.aor = "sip:100@pbx.example",
		.tp = TRANSP_TLS,
		.expires = 3600,
	};

	stage_open(s);
	stage_directory(s, people);
	stage_account(s, account);
	morning(s);
	scene->play(s);
}
