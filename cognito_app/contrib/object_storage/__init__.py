"""Object storage that speaks the part of S3's protocol which apps use for their users' files.

A Django app of its own: who does not list it in ``INSTALLED_APPS`` has neither its tables nor its addresses.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""
